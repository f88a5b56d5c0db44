import type { Duties, Neighbours } from "./neighbours.ts";
import type { OpsReadiness } from "./server/ops.ts";
import type { CacheReading, SystemParts, SystemReading } from "./services/system.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { Traffic } from "./traffic.ts";

/** What operators may look at and change, of what calls share: of all workers, whichever is asked. */
export function operated(traffic: Traffic, inFlight: () => number, neighbours: Neighbours | undefined): SystemParts {
  return {
    redis: () => traffic.redis,
    flush: async (tags, signal) => {
      const own = await traffic.cache?.flush(tags, signal);
      return (own ?? 0) + ((await neighbours?.flush(tags)) ?? 0);
    },
    reading: async (signal) => {
      const own = readingOf(traffic, inFlight, signal);
      const [first, ...others] = await Promise.all([own, ...((await neighbours?.readings()) ?? [])]);
      return others.reduce(joined, first ?? (await own));
    },
  };
}

/** What a worker does for the others. */
export function dutiesOf({ traffic, metrics, inFlight, readiness }: DutyParts): Duties {
  const { health, streams } = traffic;
  // Whoever asks has a time limit of its own.
  const { signal } = new AbortController();
  return {
    readiness,
    metrics: () => metrics.registry.getMetricsAsJSON(),
    streams: streams.lent,
    follow: (news) => health.follow(news),
    probe: (isProbing) => health.probe(isProbing),
    flush: async (tags) => (await traffic.cache?.flush(tags, signal)) ?? 0,
    reading: () => readingOf(traffic, inFlight, signal),
  };
}

interface DutyParts {
  readonly traffic: Traffic;
  readonly metrics: Metrics;
  readonly inFlight: () => number;
  readonly readiness: () => OpsReadiness;
}

async function readingOf(traffic: Traffic, inFlight: () => number, signal: AbortSignal): Promise<SystemReading> {
  return { inFlight: inFlight(), cache: await traffic.cache?.reading(signal) };
}

function joined(one: SystemReading, other: SystemReading): SystemReading {
  return { inFlight: one.inFlight + other.inFlight, cache: one.cache && other.cache && added(one.cache, other.cache) };
}

/** What is kept in Redis, and counted there, is the same for all. */
function added(one: CacheReading, other: CacheReading): CacheReading {
  if (one.driver !== "memory" || other.driver !== "memory") return one;
  const sum = (of: (reading: CacheReading) => number | undefined) => (of(one) ?? 0) + (of(other) ?? 0);
  return {
    driver: one.driver,
    entries: sum(({ entries }) => entries),
    bytes: sum(({ bytes }) => bytes),
    hits: sum(({ hits }) => hits),
    misses: sum(({ misses }) => misses),
    evictions: sum(({ evictions }) => evictions),
  };
}
