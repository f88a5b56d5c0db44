import { createHash } from "node:crypto";
import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { RerankRequest } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Surroundings } from "../credentials/surroundings.ts";
import type { Authorizer } from "../model/authorizer.ts";
import type { Asked, Attempt, Timeouts } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { EmbedDialect, Protocol, RerankDialect } from "../model/protocol.ts";
import type { Reply } from "../model/reply.ts";
import type { ModelFacts, ModelPattern, Provider } from "../model/target.ts";
import { statusFault } from "../protocols/status-fault.ts";
import type { Carrier } from "../upstream/carrier.ts";
import { connectionFaultOf } from "../upstream/connection-fault.ts";
import { count } from "../upstream/count.ts";
import { exchange } from "../upstream/exchange.ts";
import { renderFor } from "../upstream/lossless.ts";
import { MediaFetcher, type MediaFetcherOptions } from "../upstream/media-fetch.ts";
import { type SmallAnswer, Upstream } from "../upstream/upstream.ts";
import { whole } from "../upstream/whole.ts";
import { embedInBatches } from "./embed-batches.ts";
import { needsMedia, withMedia, withoutMedia } from "./inline-media.ts";

/** Values of a kind's settings, by name. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** A setting that a kind of provider has beside its key and address. */
export interface SettingFacts {
  /** A phrase for the documentation and for errors, without a full stop. */
  readonly about: string;
  /** Environment variables that give it where the configuration does not; the first that is set counts. */
  readonly variables?: readonly string[];
  /** Nothing works without it. */
  readonly required?: true;
  /** All that it can be. Absent: anything. */
  readonly values?: readonly string[];
}

/** The dialects of a provider, by operation and model. An operation that is absent, or that a model has not, is UNIMPLEMENTED. */
export interface Dialects {
  readonly generate?: (model: string, facts?: ModelFacts) => Protocol | undefined;
  readonly embed?: (model: string) => EmbedDialect | undefined;
  readonly rerank?: (model: string) => RerankDialect | undefined;
}

/** What an instance was given to prove who asks. */
export interface Access {
  readonly key: string | undefined;
  readonly settings: Settings;
  /** Where credentials that are not configured may be found. */
  readonly surroundings: Surroundings;
}

/** What a kind of provider is: where it lives, how it is proved who asks, which dialects it speaks. */
export interface ProviderFacts {
  /** Name in configuration. */
  readonly kind: string;
  readonly displayName: string;
  /** Well-known value of gen_ai.provider.name in OpenTelemetry's conventions, where that is not the kind. */
  readonly genAiName?: string;
  /** Undefined, or a function that finds none: the operator must say. */
  readonly baseUrl: string | undefined | ((settings: Settings) => string | undefined);
  readonly settings?: Readonly<Record<string, SettingFacts>>;
  /** Environment variable that switches the provider on when nothing is configured, and holds its key. */
  readonly keyVariable?: string;
  /** Other names that the variable goes by; the first that is set counts. */
  readonly keyAliases?: readonly string[];
  /** Other variables that switch it on, any of them. */
  readonly switches?: readonly string[];
  /** The same for variables that other tools have, too: only where the environment gives all required settings. */
  readonly sharedSwitches?: readonly string[];
  /** A key must be configured. */
  readonly keyRequired: boolean;
  /** Where the key goes, and what every request carries besides. */
  readonly authorize: (key: string) => Readonly<Record<string, string>>;
  /** Headers that the settings ask for. */
  readonly headers?: (settings: Settings) => Readonly<Record<string, string>>;
  /** For credentials that a constant header cannot hold; undefined where the key is enough. */
  readonly authorizer?: (access: Access) => Authorizer | undefined;
  /** How it proves who asks, in the words of the documentation. Absent: an API key. */
  readonly credentials?: string;
  readonly dialects: (settings: Settings) => Dialects;
  /** Brings requests there in another way than over HTTP. */
  readonly carry?: (settings: ProviderSettings, surroundings: Surroundings) => ProviderCarrier;
  /** Models known by name. A provider also takes names that are not here. */
  readonly models: () => ReadonlyMap<string, ModelFacts>;
  /** Model of a caller who names none. */
  readonly defaultModel?: string;
  /** Model names that lead here when a call names no provider. */
  readonly patterns?: readonly ModelPattern[];
  /** Where a model answers; `given` is what the operator says of it. Absent: there. Undefined: that is not known. */
  readonly region?: (settings: Settings, model: string, given: string | undefined) => string | undefined;
  /** GET below the base URL that is cheap and needs the key; undefined where there is none. */
  readonly healthPath: string | undefined | ((settings: Settings) => string | undefined);
  /** GET that lists models, where that is another than healthPath. */
  readonly modelsPath?: string;
  /** Reads the names of models out of that list; undefined for a body that is no such list. */
  readonly modelNames?: (body: string) => readonly string[] | undefined;
}

/** Open connections to one provider at most, unless the operator says otherwise. */
const connectionsMax = 256;

/** What the operator says of one instance of a kind. */
export interface ProviderSettings {
  readonly id: string;
  readonly apiKey: string | undefined;
  /** Name of the credential, where the provider has several. */
  readonly credential?: string | undefined;
  readonly region?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly tellsTrace?: boolean | undefined;
  readonly baseUrl: string | undefined;
  readonly settings: Settings;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: the kind's own bound. */
  readonly connectionsMax: number | undefined;
  readonly connectMs: number;
  readonly timeouts: Timeouts;
  readonly models: ReadonlyMap<string, ModelFacts>;
  /** Offer the list of models that it gives itself. Undefined: if no table of the kind is shipped. */
  readonly discover: boolean | undefined;
  /** Bounds on media that are fetched for dialects which take bytes only; undefined: nothing is fetched. */
  readonly media: MediaFetcherOptions | undefined;
}

/** A way to a provider that can also ask small questions, and be closed. */
export interface ProviderCarrier extends Carrier {
  /** A small request outside the hot path; `body` undefined makes it a GET. */
  request(
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<SmallAnswer>;
  /** Lets requests under way finish. */
  close(): Promise<void>;
}

/** A provider with connections of its own. */
export interface OpenProvider extends Provider {
  /** Lets calls under way finish. */
  close(): Promise<void>;
}

/** Few bits of a digest: enough to tell accounts apart, too few to find out a key by trying. */
function accountOf(kind: string, { apiKey, baseUrl, settings, headers }: ProviderSettings): string {
  const own = [Object.entries(settings).sort(), Object.entries(headers).sort()];
  const told = JSON.stringify([kind, apiKey, baseUrl, ...own]);
  return createHash("sha256").update(told).digest("hex").slice(0, 12);
}

/** Brings a kind of provider to life with an operator's settings. Throws INVALID_REQUEST for what cannot work. */
export function openProvider(
  facts: ProviderFacts,
  settings: ProviderSettings,
  surroundings: Surroundings,
): OpenProvider {
  const { id, timeouts, models } = settings;
  const carrier = facts.carry?.(settings, surroundings) ?? httpCarrier(facts, settings, surroundings);
  const { generate, embed, rerank } = facts.dialects(settings.settings);
  const protocolOf = (attempt: Attempt) => dialectOf(generate, attempt, "complete");
  const ready = mediaReady(settings.media);
  const { modelNames } = facts;
  const healthPath = typeof facts.healthPath === "function" ? facts.healthPath(settings.settings) : facts.healthPath;
  const modelsPath = facts.modelsPath ?? healthPath;
  return {
    id,
    displayName: facts.displayName,
    genAiName: facts.genAiName ?? facts.kind,
    account: accountOf(facts.kind, settings),
    ...(settings.credential !== undefined && { credential: settings.credential }),
    models,
    defaultModel: facts.defaultModel,
    patterns: facts.patterns ?? [],
    tags: settings.tags ?? [],
    tellsTrace: settings.tellsTrace ?? false,
    regionOf: (model) => (facts.region ?? given)(settings.settings, model, settings.region),
    timeouts,
    ...(generate && {
      generate: (attempt) => generateBy(carrier, protocolOf, ready, attempt),
      preview: (attempt) => {
        const protocol = protocolOf(attempt);
        const isFetched = settings.media !== undefined && needsMedia(protocol, attempt);
        return renderFor(protocol, isFetched ? withoutMedia(protocol, attempt) : attempt).warnings;
      },
      countTokens: async (attempt) => {
        const protocol = protocolOf(attempt);
        return count(carrier, protocol, needsMedia(protocol, attempt) ? await ready(protocol, attempt) : attempt);
      },
    }),
    ...(embed && {
      embed: async (attempt: Attempt<EmbedRequest>) =>
        embedInBatches(carrier, dialectOf(embed, attempt, "embed"), attempt),
    }),
    ...(rerank && {
      rerank: async (attempt: Attempt<RerankRequest>) => whole(carrier, dialectOf(rerank, attempt, "rerank"), attempt),
    }),
    ...(healthPath !== undefined && { check: async (signal) => void (await ask(carrier, healthPath, id, signal)) }),
    ...(modelsPath !== undefined &&
      modelNames &&
      (settings.discover ?? facts.models().size === 0) && {
        listModels: async (signal) => modelNames(await ask(carrier, modelsPath, id, signal)) ?? unreadable(id),
      }),
    close: () => carrier.close(),
  };
}

/** Hot path: what needs nothing fetched, as most, goes out in the same turn and without a promise of its own. */
function generateBy(
  carrier: Carrier,
  protocolOf: (attempt: Attempt) => Protocol,
  ready: (protocol: Protocol, attempt: Attempt) => Promise<Attempt>,
  attempt: Attempt,
): Promise<Reply> {
  try {
    const protocol = protocolOf(attempt);
    if (!needsMedia(protocol, attempt)) return exchange(carrier, protocol, attempt);
    return ready(protocol, attempt).then((complete) => exchange(carrier, protocol, complete));
  } catch (error) {
    return Promise.reject(error);
  }
}

function httpCarrier(facts: ProviderFacts, settings: ProviderSettings, surroundings: Surroundings): ProviderCarrier {
  const { id, apiKey: key } = settings;
  const baseUrl = settings.baseUrl ?? baseUrlOf(facts, settings.settings);
  if (baseUrl === undefined) throw incomplete(id, "baseUrl");
  for (const [name, { required }] of Object.entries(facts.settings ?? {})) {
    if (required && settings.settings[name] === undefined) throw incomplete(id, `settings.${name}`);
  }
  if (key === undefined && facts.keyRequired) throw incomplete(id, "apiKey");
  return new Upstream({
    baseUrl: new URL(baseUrl),
    headers: {
      ...(key === undefined ? {} : facts.authorize(key)),
      ...facts.headers?.(settings.settings),
      ...settings.headers,
    },
    authorizer: facts.authorizer?.({ key, settings: settings.settings, surroundings }),
    connectMs: settings.connectMs,
    connectionsMax: settings.connectionsMax ?? connectionsMax,
  });
}

function given(_settings: Settings, _model: string, region: string | undefined): string | undefined {
  return region;
}

/** The address of a kind under these settings; undefined where the operator must say. */
function baseUrlOf({ baseUrl }: Pick<ProviderFacts, "baseUrl">, settings: Settings): string | undefined {
  return typeof baseUrl === "function" ? baseUrl(settings) : baseUrl;
}

/** Fetches what an attempt needs; leaves the address, which the dialect refuses, where nothing may be fetched. */
function mediaReady(
  options: MediaFetcherOptions | undefined,
): (protocol: Protocol, attempt: Attempt) => Promise<Attempt> {
  if (options === undefined) return async (_protocol, attempt) => attempt;
  const fetcher = new MediaFetcher(options);
  return (protocol, attempt) => withMedia(protocol, attempt, (uri, signal) => fetcher.fetch(uri, signal));
}

function dialectOf<Request extends Asked, Found>(
  find: ((model: string, facts: ModelFacts) => Found | undefined) | undefined,
  { target }: Attempt<Request>,
  operation: string,
): Found {
  const dialect = find?.(target.model, target.facts);
  if (dialect !== undefined) return dialect;
  throw new GatewayError("FEATURE_DISABLED", `${target.selector} has no ${operation}`, {
    metadata: { feature: `${target.selector}.${operation}` },
  });
}

async function ask(carrier: ProviderCarrier, path: string, id: string, signal: AbortSignal): Promise<string> {
  const answer = await carrier.request(path, undefined, {}, signal).catch((error) => {
    throw error instanceof GatewayError ? error : connectionFaultOf(error, id, "");
  });
  if (answer.status < 300) return answer.body;
  throw statusFault({ provider: id, model: "", modelDeclared: true, ...answer }, { code: "" });
}

function unreadable(id: string): never {
  throw new GatewayError("PROVIDER_BAD_RESPONSE", `provider ${id} sent a list of models that cannot be read`, {
    metadata: { provider: id, cause: "bad_models" },
  });
}

function incomplete(id: string, field: string): GatewayError {
  return new GatewayError("INVALID_REQUEST", `provider ${id} needs ${field}`, { metadata: { provider: id, field } });
}
