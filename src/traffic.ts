import type { AnswerCache } from "./cache/answer-cache.ts";
import { KeyBook } from "./cache/idempotency/key-book.ts";
import { redisKeys } from "./cache/idempotency/stores.ts";
import { Renewals } from "./cache/renewals.ts";
import { openCache } from "./caching.ts";
import type { Config, RedisConfig } from "./config/schema.ts";
import { planOf, prospectsOf } from "./dispatch/planner.ts";
import type { Router } from "./dispatch/router.ts";
import { Limits } from "./limits/limits.ts";
import type { Asked, Call } from "./model/call.ts";
import { GatewayError } from "./model/error.ts";
import type { Provider, Target } from "./model/target.ts";
import type { Neighbours } from "./neighbours.ts";
import type { MemoryReading } from "./overload/memory-guard.ts";
import { Overload } from "./overload/overload.ts";
import { ProviderHealth } from "./provider-health.ts";
import { type KeepRules, KeptStreams } from "./services/resume/kept-streams.ts";
import { RedisLink } from "./storage/redis.ts";
import { RedisStreamLog } from "./storage/redis-stream-log.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";

/** How long a start waits to know whether Redis answers. */
const redisSettleMs = 500;

/** What traffic policy tells to. */
export interface TrafficParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Of the configuration in force. */
  readonly streamRules: () => KeepRules;
  /** The router of the configuration in force. */
  readonly router: () => Router;
  /** The other workers of this gateway. Absent: there are none. */
  readonly neighbours?: Neighbours | undefined;
  /** Absent: that of the process. */
  readonly readMemory?: (() => MemoryReading) | undefined;
}

/** What calls share with each other and across reloads. A configuration changes it; calls in flight notice nothing. */
export class Traffic {
  /** How the providers do, and whom to spare. */
  readonly health: ProviderHealth;
  readonly limits: Limits;
  /** Which calls are too many. */
  readonly overload: Overload;
  readonly #parts: TrafficParts;
  /** Streams that callers may take up again. */
  readonly streams: KeptStreams;
  /** What came of calls with an idempotency key. */
  readonly keyBook: KeyBook;
  /** Calls that renew answers of the cache. */
  readonly renewals = new Renewals();
  #streamLog: RedisStreamLog | undefined;
  #redis: RedisLink | undefined;
  #redisConfig: RedisConfig | undefined;
  #cache: AnswerCache | undefined;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    const { resumedStreams: resumed, keptStreamBytes: bytes, orphanedStreams: orphans } = parts.metrics;
    this.streams = new KeptStreams({
      rules: parts.streamRules,
      log: () => this.#streamLog,
      neighbours: parts.neighbours,
      counts: { resumed, bytes, orphans },
      now: () => performance.now(),
    });
    this.health = new ProviderHealth({ ...parts, tell: parts.neighbours?.tell });
    // One worker is told to.
    if (parts.neighbours !== undefined) this.health.probe(false);
    this.overload = overloadOf(parts);
    this.keyBook = new KeyBook({
      now: () => performance.now(),
      evicted: () => {
        parts.metrics.idempotencyEvictions.value += 1;
      },
    });
    this.limits = new Limits({
      redis: () => this.#redis,
      workers: parts.neighbours?.limits,
      targetOf: (call) => targetOf(parts.router(), call),
      nowMs: () => Math.floor(performance.timeOrigin + performance.now()),
    });
  }

  /** Undefined: none is configured. Ask anew for each use: a reload may bring another. */
  get redis(): RedisLink | undefined {
    return this.#redis;
  }

  /** Processes that take calls for this gateway. */
  get workers(): number {
    return this.#parts.neighbours?.count ?? 1;
  }

  /** What does not work as configured, for people; calls are served all the same. */
  get impairments(): readonly string[] {
    const cause = this.#redis?.cause;
    return cause === undefined ? [] : [`degraded: Redis cannot be used (${cause})`];
  }

  /** Undefined: it is off. Ask anew for each call: a reload brings another. */
  get cache(): AnswerCache | undefined {
    return this.#cache;
  }

  /** Takes a configuration into use. What has not changed keeps its state, but for the cache, which starts anew. */
  async configure(config: Config, twins: ReadonlyMap<string, readonly Provider[]>): Promise<void> {
    this.health.configure(config, twins);
    this.overload.configure(config.overload);
    const { neighbours } = this.#parts;
    this.limits.configure(config.limits, (config.redis?.replicas ?? 1) * this.workers);
    await this.#configureRedis(config);
    const replicas = config.idempotency.shared ? this.#redis : undefined;
    this.keyBook.configure(config.idempotency, replicas === undefined ? neighbours?.keys : redisKeys(replicas));
    const before = this.#cache;
    // What it has counted until now it tells before the next begins to count.
    void before?.close();
    this.#cache = openCache(config, this.#parts.metrics, this.#redis);
    // Loaded again as it was: somebody wants the answers gone, also those that replicas share.
    if (before !== undefined && before.generation === this.#cache?.generation) await this.#cache.clear();
  }

  async #configureRedis({ redis }: Config): Promise<void> {
    if (isSame(redis, this.#redisConfig)) return;
    const before = this.#redis;
    this.#redisConfig = redis;
    this.#redis = redis === undefined ? undefined : await this.#open(redis);
    this.health.share(this.#redis);
    this.#streamLog = this.#redis && new RedisStreamLog(this.#redis);
    await before?.close();
  }

  /** Gives back what is shared; for the end of the process. */
  async close(): Promise<void> {
    this.health.close();
    this.overload.close();
    const renewals = this.renewals.close(new GatewayError("GATEWAY_DRAINING", "the gateway stopped meanwhile"));
    await this.streams.close(new GatewayError("GATEWAY_DRAINING", "the gateway stopped before the stream could end"));
    await renewals;
    await this.#cache?.close();
    await this.#redis?.close();
  }

  async #open(settings: RedisConfig): Promise<RedisLink> {
    const { logger, metrics } = this.#parts;
    metrics.redisUp.value = 0;
    const link = await RedisLink.open(settings, {
      changed: (cause) => {
        metrics.redisUp.value = cause === undefined ? 1 : 0;
        if (cause === undefined) this.limits.resume();
        if (cause === undefined) logger.info({}, "Redis is in use");
        else logger.warn({ cause }, "Redis cannot be used; each replica goes by what it knows itself");
      },
      failed: (kind) => {
        metrics.redisFailures.cell(kind).value += 1;
      },
    });
    await link.settled(redisSettleMs);
    return link;
  }
}

const memoryNumbers = { fine: 0, shed: 1, reset: 2 } as const;

/** Overload control whose state the metrics show. */
function overloadOf({ metrics, neighbours, readMemory }: TrafficParts): Overload {
  const overload = new Overload({
    workers: neighbours?.count,
    readMemory,
    shed: (cause) => {
      metrics.shed.cell(cause).value += 1;
    },
    waited: (ms) => metrics.queueWait.observe(ms / 1000),
    opened: ({ provider, model }, lane) => metrics.showTargetLimit(provider.id, model, () => lane.limit),
  });
  metrics.callsInFlight.show(() => overload.inFlight);
  metrics.callsMax.show(() => overload.callsMax);
  metrics.queuedCalls.show(() => overload.waiting);
  metrics.memoryState.show(() => memoryNumbers[overload.memoryState]);
  metrics.memoryUsed.show(() => overload.memoryUsed);
  return overload;
}

/** The target that the route of a call names first. Why there is none is told where the call is dispatched. */
function targetOf(router: Router, call: Call<Asked>): Target | undefined {
  try {
    return prospectsOf(planOf(router, call))[0];
  } catch {
    return undefined;
  }
}

/** Secrets show no difference of their own. */
function isSame(one: RedisConfig | undefined, other: RedisConfig | undefined): boolean {
  return (
    one?.url.reveal() === other?.url.reveal() &&
    one?.keyPrefix === other?.keyPrefix &&
    one?.opTimeoutMs === other?.opTimeoutMs
  );
}
