import { createHash, randomBytes } from "node:crypto";
import { AnswerCache, type CacheParts, type Counts } from "./cache/answer-cache.ts";
import { MemoryStore } from "./cache/memory.ts";
import { RedisStore, sharedSecret } from "./cache/redis.ts";
import { redisLock } from "./cache/redis-lock.ts";
import type { StoreStatistics } from "./cache/store.ts";
import { SharedTally, type Tally } from "./cache/tally.ts";
import { Turns } from "./cache/turns.ts";
import type { Config } from "./config/schema.ts";
import type { Secret } from "./model/secret.ts";
import type { RedisLink } from "./storage/redis.ts";
import type { CacheResult, Metrics } from "./telemetry/metrics.ts";
import { version } from "./version.ts";

const operations = ["complete", "embed", "rerank"] as const;
/** How long replicas keep to themselves what they have counted. */
const tellMs = 10_000;

/**
 * The response cache of a configuration, new and, in memory, empty: what another configuration was answered must not answer
 * this one. Undefined: it is off.
 */
export function openCache(config: Config, metrics: Metrics, link: RedisLink | undefined): AnswerCache | undefined {
  const { cache } = config;
  const changed = (statistics: StoreStatistics | undefined) => {
    metrics.cacheEntries.value = statistics?.entries ?? 0;
    metrics.cacheBytes.value = statistics?.bytes ?? 0;
  };
  changed(undefined);
  if (!cache.enabled) return undefined;
  const failed = () => {
    metrics.cacheFailures.value += 1;
  };
  const shared = cache.driver === "redis" ? link : undefined;
  const waitMs = cache.replicaWaitMs;
  return new AnswerCache({
    ...(shared === undefined ? inMemory(cache.bytesMax, metrics) : inRedis(shared, metrics)),
    turns: shared === undefined || waitMs === 0 ? undefined : new Turns({ lock: redisLock(shared), waitMs, failed }),
    settings: cache,
    generation: generationOf(config),
    now: () => Date.now(),
    changed,
    failed,
  });
}

type Driven = Pick<CacheParts, "store" | "driver" | "secret" | "counts">;

function inMemory(bytesMax: number, metrics: Metrics): Driven {
  const evicted = () => {
    metrics.cacheEvictions.value += 1;
  };
  const secret = randomBytes(32);
  const now = () => performance.now();
  const own = () => tallyOf(metrics);
  const counts: Counts = {
    own,
    all: async () => own(),
    evictions: () => metrics.cacheEvictions.value,
    close: async () => undefined,
  };
  return {
    store: new MemoryStore({ bytesMax, now, evicted }),
    driver: "memory",
    secret: async () => secret,
    counts,
  };
}

function inRedis(link: RedisLink, metrics: Metrics): Driven {
  let known: Uint8Array | undefined;
  const secret = async () => {
    known ??= await sharedSecret(link);
    return known;
  };
  return { store: new RedisStore(link), driver: "redis", secret, counts: sharedCounts(link, metrics) };
}

function sharedCounts(link: RedisLink, metrics: Metrics): Counts {
  const own = () => tallyOf(metrics);
  const tally = new SharedTally(link, own);
  const timer = setInterval(() => void tally.tell().catch(() => undefined), tellMs).unref();
  return {
    own,
    all: () => tally.sum(),
    evictions: () => undefined,
    close: () => {
      clearInterval(timer);
      return tally.tell();
    },
  };
}

function tallyOf({ cacheRequests }: Metrics): Tally {
  const count = (result: CacheResult) =>
    operations.reduce((sum, operation) => sum + cacheRequests.cell(operation, result).value, 0);
  return { hits: count("hit") + count("stale") + count("shared"), misses: count("miss") };
}

/**
 * The same for configurations that answer alike, in every process of one version. Headers and settings of a provider say
 * whom it answers and how, although some are credentials; keys count as equal. For keyed hashes only.
 */
function generationOf({ providers, models, extensions }: Config): string {
  const plain = (_name: string, value: unknown) => {
    if (value instanceof Map) return [...value];
    return typeof value === "bigint" ? String(value) : value;
  };
  const told = providers.map(({ headers, settings, credentials }) => [
    revealed(headers),
    revealed(settings),
    credentials.map((credential) => revealed(credential.settings)),
  ]);
  const own = extensions.map(({ at: _at, path: _path, ...rest }) => [rest, rest.settings.reveal()]);
  return createHash("sha256")
    .update(JSON.stringify([version(), providers, told, models, own], plain))
    .digest("base64url");
}

function revealed(values: Readonly<Record<string, Secret>>): readonly (readonly [string, string])[] {
  return Object.entries(values).map(([name, value]) => [name, value.reveal()]);
}
