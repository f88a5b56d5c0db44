import type { Timeouts } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Protocol } from "../model/protocol.ts";
import type { ModelFacts, Provider } from "../model/target.ts";
import { statusFault } from "../protocols/status-fault.ts";
import { connectionFaultOf } from "../upstream/connection-fault.ts";
import { count } from "../upstream/count.ts";
import { exchange } from "../upstream/exchange.ts";
import { Upstream } from "../upstream/upstream.ts";

/** What a kind of provider is: where it lives, which key it takes, which dialect it speaks. */
export interface ProviderFacts {
  /** Name in configuration. */
  readonly kind: string;
  readonly displayName: string;
  /** Undefined: the operator must say. */
  readonly baseUrl: string | undefined;
  /** Environment variable that switches the provider on when nothing is configured, and holds its key. */
  readonly keyVariable?: string;
  /** A key must be configured. */
  readonly keyRequired: boolean;
  /** Where the key goes. */
  readonly authorize: (key: string) => Readonly<Record<string, string>>;
  /** The dialect for a model. */
  readonly protocol: (model: string) => Protocol;
  /** Models known by name. A provider also takes names that are not here. */
  readonly models: () => ReadonlyMap<string, ModelFacts>;
  /** Model of a caller who names none. */
  readonly defaultModel?: string;
  /** GET below the base URL that is cheap and needs the key. */
  readonly healthPath: string;
}

/** What the operator says of one instance of a kind. */
export interface ProviderSettings {
  readonly id: string;
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectionsMax: number;
  readonly connectMs: number;
  readonly timeouts: Timeouts;
  readonly models: ReadonlyMap<string, ModelFacts>;
}

/** A provider with connections of its own. */
export interface OpenProvider extends Provider {
  /** Lets calls under way finish. */
  close(): Promise<void>;
}

/** Brings a kind of provider to life with an operator's settings. Throws INVALID_REQUEST for what cannot work. */
export function openProvider(facts: ProviderFacts, settings: ProviderSettings): OpenProvider {
  const { id, apiKey, timeouts, models } = settings;
  const baseUrl = settings.baseUrl ?? facts.baseUrl;
  if (baseUrl === undefined) throw incomplete(id, "baseUrl");
  if (apiKey === undefined && facts.keyRequired) throw incomplete(id, "apiKey");
  const upstream = new Upstream({
    baseUrl: new URL(baseUrl),
    headers: { ...(apiKey === undefined ? {} : facts.authorize(apiKey)), ...settings.headers },
    connectMs: settings.connectMs,
    connectionsMax: settings.connectionsMax,
  });
  return {
    id,
    displayName: facts.displayName,
    models,
    defaultModel: facts.defaultModel,
    timeouts,
    generate: (attempt) => exchange(upstream, facts.protocol(attempt.target.model), attempt),
    preview: (attempt) => facts.protocol(attempt.target.model).render(attempt).warnings,
    countTokens: async (attempt) => count(upstream, facts.protocol(attempt.target.model), attempt),
    check: (signal) => check(upstream, facts, id, signal),
    close: () => upstream.close(),
  };
}

async function check(upstream: Upstream, facts: ProviderFacts, id: string, signal: AbortSignal): Promise<void> {
  const answer = await upstream.request(facts.healthPath, undefined, {}, signal).catch((error) => {
    throw connectionFaultOf(error, id, "");
  });
  if (answer.status < 300) return;
  throw statusFault({ provider: id, model: "", modelDeclared: true, ...answer }, { code: "", requestId: "" });
}

function incomplete(id: string, field: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", `provider ${id} needs ${field}`, { metadata: { provider: id, field } });
}
