import { unknownFacts } from "./catalog/facts.ts";
import { builtInKind } from "./config/environment.ts";
import type { Config, ModelConfig, ProviderConfig } from "./config/schema.ts";
import type { Surroundings } from "./credentials/surroundings.ts";
import { Router } from "./dispatch/router.ts";
import type { Secret } from "./model/secret.ts";
import type { ModelFacts } from "./model/target.ts";
import { Fleet, type Instance } from "./providers/fleet.ts";
import type { ProviderFacts } from "./providers/provider.ts";
import { ApiKeys } from "./server/api-keys.ts";
import type { Simulator } from "./simulator/server.ts";

/** Name of the price list for prices that the operator gives. */
const configuredPrices = "configuration";

/** What a configuration needs to come to life. */
export interface SnapshotParts {
  /** The kinds that providers can be of, by name. */
  readonly kinds: ReadonlyMap<string, ProviderFacts>;
  /** Where the built-in simulator listens, if a provider needs it. */
  readonly simulatorUrl: string | undefined;
  /** Where credentials that are not configured may be found. */
  readonly surroundings: Surroundings;
  /** The snapshot to take unchanged providers from. */
  readonly before?: Snapshot | undefined;
}

/** One configuration brought to life: providers, names and keys. Immutable; calls in flight keep theirs. */
export class Snapshot {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly router: Router;
  /** Undefined: authentication is off. */
  readonly keys: ApiKeys | undefined;

  constructor(config: Config, { kinds, simulatorUrl, surroundings, before }: SnapshotParts) {
    this.config = config;
    this.fleet = new Fleet(
      config.providers.flatMap((provider) =>
        instancesOf(provider, config, { simulatorUrl, kind: kinds.get(provider.kind) }),
      ),
      { kinds, surroundings, before: before?.fleet },
    );
    const { providers, twins } = this.fleet;
    const { aliases, patterns, policies, chains, retry } = config.models;
    this.router = new Router({
      providers,
      twins,
      aliases,
      patterns,
      policies,
      chains,
      retry,
      absent: absentOf(kinds, config),
      defaultModel: config.models.default ?? this.#suggestedModel(),
    });
    this.keys = config.auth.mode === "off" ? undefined : new ApiKeys(config.auth.keys, () => Date.now());
  }

  /** What the first provider that has a suggestion would use. */
  #suggestedModel(): string | undefined {
    for (const { id, defaultModel } of this.fleet.providers.values()) {
      if (defaultModel !== undefined) return `${id}/${defaultModel}`;
    }
    return undefined;
  }
}

/** How names begin that no configured provider takes, though a kind would. */
function absentOf(kinds: SnapshotParts["kinds"], { providers }: Config) {
  const present = new Set(providers.map(({ kind }) => kind));
  return [...kinds.values()]
    .filter(({ kind }) => !present.has(kind))
    .flatMap(({ kind, patterns = [] }) => patterns.map(({ prefix }) => ({ prefix, kind })));
}

/** The built-in simulator, started, if a configuration needs it. */
export async function simulatorFor(config: Config): Promise<Simulator | undefined> {
  if (!config.providers.some(usesSimulator)) return undefined;
  const { startSimulator } = await import("./simulator/server.ts");
  return startSimulator();
}

/** Whether a provider is the built-in simulator, not one that runs elsewhere. */
export function usesSimulator({ kind, baseUrl }: ProviderConfig): boolean {
  return kind === builtInKind && baseUrl === undefined;
}

/** One for each credential. */
function instancesOf(
  provider: ProviderConfig,
  config: Config,
  { simulatorUrl, kind }: { simulatorUrl: string | undefined; kind: ProviderFacts | undefined },
): Instance[] {
  const instance = { ...instanceOf(provider, config, simulatorUrl), models: modelsOf(provider, kind) };
  if (provider.credentials.length === 0) return [instance];
  return provider.credentials.map(({ name, apiKey, settings }) => ({
    ...instance,
    credential: name,
    apiKey: apiKey?.reveal(),
    settings: { ...instance.settings, ...revealed(settings) },
  }));
}

function instanceOf(
  provider: ProviderConfig,
  { media }: Config,
  simulatorUrl: string | undefined,
): Omit<Instance, "models"> {
  const { id, kind, apiKey, settings, headers, region, tags, connectionsMax, timeouts, discover, tellsTrace } =
    provider;
  const { connectMs, ...limits } = timeouts;
  return {
    id,
    kind,
    apiKey: apiKey?.reveal(),
    baseUrl: usesSimulator(provider) && simulatorUrl !== undefined ? `${simulatorUrl}/v1` : provider.baseUrl,
    settings: revealed(settings),
    headers: revealed(headers),
    region,
    tags,
    tellsTrace,
    connectionsMax,
    connectMs,
    timeouts: limits,
    discover,
    media: media.fetch ? { bytesMax: media.bytesMax, timeoutMs: media.timeoutMs } : undefined,
  };
}

function revealed(secrets: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, value.reveal()]));
}

/** The models of the kind, with what the operator says laid over it. */
function modelsOf({ models }: ProviderConfig, kind: ProviderFacts | undefined): ReadonlyMap<string, ModelFacts> {
  const shipped = kind?.models() ?? new Map<string, ModelFacts>();
  if (models.size === 0) return shipped;
  const all = new Map(shipped);
  for (const [name, config] of models) {
    all.set(name, overlaid(shipped.get(config.baseModel ?? name) ?? unknownFacts, config));
  }
  return all;
}

function overlaid(facts: ModelFacts, { features, tags, prices, ...config }: ModelConfig): ModelFacts {
  return {
    ...facts,
    type: config.type ?? facts.type,
    contextWindow: config.contextWindow ?? facts.contextWindow,
    maxOutputTokens: config.maxOutputTokens ?? facts.maxOutputTokens,
    dimensions: config.dimensions ?? facts.dimensions,
    features: features === undefined ? facts.features : new Set(features),
    ...(tags !== undefined && { tags: new Set(tags) }),
    priceList: prices === undefined ? facts.priceList : { name: configuredPrices, prices },
  };
}
