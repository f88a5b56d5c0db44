import type { Dashboard } from "../dashboard.ts";
import { graph, half, stack, timeline } from "../panel.ts";
import { max, now, q, quantiles, rate, sum } from "../query.ts";

const answered = 'result=~"hit|stale|shared"';
const asked = 'result=~"hit|stale|shared|miss"';

/** Answers that were not asked for again: the response cache, idempotency keys, and the Redis behind them. */
export const cache: Dashboard = {
  name: "cache",
  title: "Cache and idempotency",
  about: "Answers that were not asked for again: the response cache, idempotency keys, and the Redis behind them.",
  rows: [
    [
      "Response cache",
      stack(
        "Calls by result",
        "reqps",
        "bypass: not cacheable, or not wanted.",
        q(sum("result", rate("llmhub_cache_requests_total")), "{{result}}"),
      ),
      graph(
        "Answered from it",
        "percentunit",
        "Of calls that could be.",
        q(
          `${sum("operation", rate("llmhub_cache_requests_total", answered))} / ${sum("operation", rate("llmhub_cache_requests_total", asked))}`,
          "{{operation}}",
        ),
      ),
      graph("Age of its answers", "s", "From their making to their giving.", ...quantiles("llmhub_cache_age_seconds")),
      graph(
        "Answers in memory",
        "short",
        "With driver redis: none.",
        q(sum("instance", now("llmhub_cache_entries")), "{{instance}}"),
      ),
      graph(
        "Their bytes",
        "bytes",
        "cache.bytesMax is the limit.",
        q(sum("instance", now("llmhub_cache_bytes")), "{{instance}}"),
      ),
      graph(
        "Made room, waited, failed",
        "short",
        "Answers a second that went for others; calls that wait for one that asks the same; operations a second that the store failed.",
        q(sum("", rate("llmhub_cache_evictions_total")), "evicted"),
        q(sum("", now("llmhub_cache_waiting")), "waiting"),
        q(sum("", rate("llmhub_cache_failures_total")), "failed"),
      ),
    ],
    [
      "Idempotency keys",
      half(
        stack(
          "Calls with a key",
          "reqps",
          "first: carried out. replayed, joined: answered by the first. The others were refused.",
          q(sum("result", rate("llmhub_idempotency_requests_total")), "{{result}}"),
        ),
      ),
      half(
        graph(
          "Answers that went before their time",
          "reqps",
          "For want of memory: a repeat is then refused.",
          q(sum("instance", rate("llmhub_idempotency_evictions_total")), "{{instance}}"),
        ),
      ),
    ],
    [
      "Redis",
      timeline(
        [
          [0, "down", "red"],
          [1, "up", "green"],
        ],
        "Redis",
        "short",
        "As each replica sees it; nothing without one.",
        q(max("instance", now("llmhub_redis_up")), "{{instance}}"),
      ),
      half(
        stack(
          "Operations that fail",
          "ops",
          "down: not tried.",
          q(sum("kind", rate("llmhub_redis_op_failures_total")), "{{kind}}"),
        ),
      ),
    ],
  ],
};
