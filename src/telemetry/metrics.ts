import { type Aggregator, collectDefaultMetrics, Registry } from "prom-client";
import type { Provider } from "../model/target.ts";
import { BoundedWords } from "./bounded-words.ts";
import { CallSeries, type Series } from "./call-series.ts";
import { type Cell, Family } from "./family.ts";
import { HistogramFamily } from "./histogram-family.ts";

/** Distinct model names in labels; later ones are counted as "other". */
const modelsMax = 500;
/** How exactly the event loop is watched. Finer costs CPU at rest; the lag that is shown includes it. */
const loopPrecisionMs = 20;
const waitBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** From a second to a week. */
const ageBuckets = [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800];

/**
 * What the response cache did for a call. shared: answered by another call that asked the same at the same time. stale:
 * answered, and renewed then by a call that nobody made, which is a renewal.
 */
export type CacheResult = "hit" | "stale" | "shared" | "miss" | "refresh" | "bypass" | "renewal";

/**
 * What became of a call with an idempotency key. first: carried out. replayed, joined: answered by the first, which was
 * over or still ran. lost: carried out, and its end could not be kept. The others were refused.
 */
export type IdempotencyResult = "first" | "replayed" | "joined" | "lost" | "reused" | "in_use" | "unkept" | "unknown";

/** Every metric of the gateway, with its name, in one place. */
export class Metrics {
  readonly registry = new Registry();
  readonly #models = new BoundedWords(modelsMax);
  #redisUp: Cell | undefined;

  /** What calls are measured by, and their attempts. */
  readonly #series = new CallSeries(this.registry, this.#models);
  /** Labels: provider, "ok" or what went wrong, and the name of the credential, where the provider has several. */
  readonly attempts = this.#counter("upstream_attempts_total", "Attempts at providers.", [
    "provider",
    "outcome",
    "credential",
  ]);
  /** Labels: provider that failed, and what the call did: "other" target, "repeat", or "over_budget" for no repeat. */
  readonly retries = this.#counter("retries_total", "What became of calls whose attempt at a provider failed.", [
    "provider",
    "to",
  ]);
  /** Labels: provider of the hedge, and "won", "lost", "failed", or the cap that forbade it. */
  readonly hedges = this.#counter("hedges_total", "Second attempts beside one that was slow.", ["provider", "outcome"]);
  /** Labels: chain, step, and "ok" or the reason why the step ended. */
  readonly chainSteps = this.#counter("chain_steps_total", "Steps that chains took.", ["chain", "step", "outcome"]);
  /** Labels: method. */
  readonly openStreams = this.#gauge("open_streams", "Streams that have begun and not ended.", ["method"]);
  /** Labels: reason. */
  readonly brokenStreams = this.#counter("broken_streams_total", "Streams that failed after output had begun.", [
    "reason",
  ]);
  /** Labels: method, reason. */
  readonly rejections = this.#counter("rejected_calls_total", "Calls refused before they were carried out.", [
    "method",
    "reason",
  ]);
  /** Labels: provider. */
  readonly redirectsBlocked = this.#counter("upstream_redirects_blocked_total", "Redirects that were not followed.", [
    "provider",
  ]);
  /** Labels: provider. */
  readonly unreadableAnswers = this.#counter("upstream_unreadable_total", "Answers that could not be read.", [
    "provider",
  ]);
  /** Labels: provider. */
  readonly unmarkedAnswers = this.#counter(
    "upstream_unmarked_total",
    "Answers that said why they end, and then ended without their terminal marker.",
    ["provider"],
  );
  /** Labels: provider, name of the credential. 1: the last attempt was refused for it. */
  readonly credentialUnhealthy = this.#gauge(
    "credential_unhealthy",
    "1 while the provider refuses the credential.",
    ["provider", "credential"],
    "max",
  );
  /** Labels: scope, metric of the limit. */
  readonly rateLimited = this.#counter("rate_limited_total", "Calls refused by a limit of the gateway.", [
    "scope",
    "metric",
  ]);
  /** Labels: kind, as in RedisFailure. */
  readonly redisFailures = this.#counter("redis_op_failures_total", "Operations that Redis did not answer well.", [
    "kind",
  ]);
  readonly resumedStreams = this.#counter("resumed_streams_total", "Streams that callers took up again.", []).cell();
  readonly keptStreamBytes = this.#gauge("kept_stream_bytes", "Memory of streams that can be resumed.", []).cell();
  readonly orphanedStreams = this.#gauge("orphaned_streams", "Streams that go on after a connection broke.", []).cell();
  /** Labels: provider, scope, name of the credential where that is the scope. */
  readonly breakerState = this.#gauge(
    "breaker_state",
    "0: closed. 1: half open, one trial at a time goes through. 2: open. Of models the worst.",
    ["provider", "scope", "credential"],
    "max",
  );
  /** Labels: provider, name of the credential. */
  readonly cooldown = this.#gauge(
    "cooldown_seconds",
    "How long the provider wants some model of it to be left alone.",
    ["provider", "credential"],
    "max",
  );
  /** Labels: provider, and "ok" or the reason in lower case. */
  readonly healthChecks = this.#counter("health_checks_total", "Health checks of providers.", ["provider", "outcome"]);
  /** Labels: operation, result. */
  readonly cacheRequests = this.#counter("cache_requests_total", "Calls by what the response cache did.", [
    "operation",
    "result",
  ]);
  readonly cacheAge = this.#histogram("cache_age_seconds", "Age of answers from the cache.", ageBuckets, []).cell();
  readonly cacheWaiting = this.#gauge("cache_waiting", "Calls that wait for another that asks the same.", []).cell();
  readonly cacheEntries = this.#gauge("cache_entries", "Answers in the cache in memory.", []).cell();
  readonly cacheBytes = this.#gauge("cache_bytes", "Bytes of the cache in memory.", []).cell();
  readonly cacheEvictions = this.#counter("cache_evictions_total", "Answers that made room for others.", []).cell();
  readonly cacheFailures = this.#counter(
    "cache_failures_total",
    "Operations of the cache's store that failed.",
    [],
  ).cell();
  /** Labels: operation, result. */
  readonly idempotencyRequests = this.#counter("idempotency_requests_total", "Calls with an idempotency key.", [
    "operation",
    "result",
  ]);
  readonly idempotencyEvictions = this.#counter(
    "idempotency_evictions_total",
    "Answers that went before their time to make room for others.",
    [],
  ).cell();
  /** Labels: extension. */
  readonly extensionFailures = this.#counter(
    "failed_extension_calls_total",
    "Exceptions of extensions that were no refusal.",
    ["extension"],
  );
  readonly callsInFlight = this.#gauge("calls_in_flight", "Calls that were let in and have not ended.", []);
  readonly callsMax = this.#gauge("calls_in_flight_limit", "Calls that may be in flight, as of now.", []);
  readonly queuedCalls = this.#gauge("queued_calls", "Calls that wait to be let in.", []);
  readonly queueWait = this.#histogram(
    "queue_wait_seconds",
    "How long calls waited that had to wait and were let in.",
    waitBuckets,
    [],
  ).cell();
  /** Labels: cause, as in ShedCause. */
  readonly shed = this.#counter("shed_calls_total", "Calls, or attempts at a target, that were too many.", ["cause"]);
  /** Labels: provider, model. */
  readonly #targetLimit = this.#gauge("target_calls_limit", "Calls at once that a target gets, as of now.", [
    "provider",
    "model",
  ]);
  readonly memoryState = this.#gauge(
    "memory_state",
    "0: fine. 1: new calls are refused. 2: calls are ended.",
    [],
    "max",
  );
  readonly memoryUsed = this.#gauge(
    "memory_used_ratio",
    "Used part of the memory that the process may have.",
    [],
    "max",
  );
  readonly configRefused = this.#counter(
    "config_reload_failures_total",
    "Configurations that were not taken into use.",
    [],
  ).cell();
  readonly faults = this.#counter("faults_total", "Exceptions that nothing expected.", []).cell();
  readonly logLinesDropped = this.#counter(
    "log_lines_dropped_total",
    "Log lines lost to a full buffer or disk.",
    [],
  ).cell();

  /** Labels: outcome: "sent", "dropped" for want of room, or "failed" at the receiver. */
  readonly spans = this.#counter("spans_total", "Spans by what became of them.", ["outcome"]);

  constructor(version: string) {
    const build = this.#gauge("build_info", "Always 1.", ["version", "node"], "first");
    build.cell(version, process.versions.node).value = 1;
  }

  /** Shows the process, too, under names that dashboards know: process_*, nodejs_* with nodejs_eventloop_lag_*. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: loopPrecisionMs });
  }

  /** 1 while Redis can be used. Shown once a Redis is configured: without one a 0 would be a false alarm. */
  get redisUp(): Cell {
    this.#redisUp ??= this.#gauge("redis_up", "1 while Redis answers, 0 while it does not.", [], "min").cell();
    return this.#redisUp;
  }

  /** Shows how many calls at once a target gets. Of targets that share a label the one shown last. */
  showTargetLimit(provider: string, model: string, read: () => number): void {
    this.#targetLimit.show(read, provider, this.#models.of(model));
  }

  /** The numbers of one method at one model. Empty names: no target was reached. */
  series(method: string, provider: string, model: string): Series {
    return this.#series.of(method, provider, model);
  }

  /** Tells what providers are called in OpenTelemetry's conventions; of those that are not named the id holds. */
  nameProviders(providers: Iterable<Pick<Provider, "id" | "genAiName">>): void {
    this.#series.nameProviders(providers);
  }

  #counter<Label extends string>(name: string, help: string, labels: readonly Label[]): Family<Label> {
    return new Family(this.registry, "counter", { name: `llmhub_${name}`, help, labels });
  }

  #gauge<Label extends string>(name: string, help: string, labels: readonly Label[], together?: Aggregator) {
    return new Family(this.registry, "gauge", { name: `llmhub_${name}`, help, labels, together });
  }

  #histogram(name: string, help: string, buckets: readonly number[], labels: readonly string[]): HistogramFamily {
    return new HistogramFamily(this.registry, { name: `llmhub_${name}`, help, labels, buckets });
  }
}
