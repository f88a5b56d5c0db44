import type { Dashboard } from "../dashboard.ts";
import { graph, half, heatmap } from "../panel.ts";
import { chosen, chosenModel, now, q, quantile, quantiles, rate, sum } from "../query.ts";

const firstToken = "gen_ai_server_time_to_first_token_seconds";
const perToken = "gen_ai_server_time_per_output_token_seconds";
const byModel = "gen_ai_provider_name, gen_ai_request_model";
const modelName = "{{gen_ai_provider_name}} {{gen_ai_request_model}}";

/** Where time goes: until the first token, for each further one, in queues, in the process. */
export const latency: Dashboard = {
  name: "latency",
  title: "Latency",
  about: "Where time goes: until the first token, for each further one, in queues, in the process.",
  rows: [
    [
      "Streams",
      heatmap(
        "Time to first token",
        "s",
        "Of streams that a provider answered and that succeeded.",
        q(sum("le", rate(`${firstToken}_bucket`, chosenModel)), "{{le}}"),
      ),
      half(
        graph(
          "Time to first token, p95",
          "s",
          "By model.",
          q(quantile(0.95, firstToken, byModel, chosenModel), modelName),
        ),
      ),
      heatmap(
        "Time for each further token",
        "s",
        "The pace of an answer once it has begun.",
        q(sum("le", rate(`${perToken}_bucket`, chosenModel)), "{{le}}"),
      ),
      half(
        graph(
          "Tokens in a second, median",
          "short",
          "By model: one divided by the time for a token.",
          q(`1 / ${quantile(0.5, perToken, byModel, chosenModel)}`, modelName),
        ),
      ),
    ],
    [
      "Calls",
      graph("Duration, all", "s", "From arrival to end.", ...quantiles("llmhub_call_duration_seconds", chosen)),
      graph(
        "Duration, p95 by method",
        "s",
        "Embeddings and reranking beside completions.",
        q(quantile(0.95, "llmhub_call_duration_seconds", "method", chosen), "{{method}}"),
      ),
      graph(
        "First output, p95 by provider",
        "s",
        "Also of answers that come whole.",
        q(quantile(0.95, "llmhub_time_to_first_output_seconds", "provider", chosen), "{{provider}}"),
      ),
    ],
    [
      "The gateway's own part",
      graph(
        "Wait for room",
        "s",
        "Of calls that had to wait and were let in.",
        ...quantiles("llmhub_queue_wait_seconds"),
      ),
      graph(
        "Event loop",
        "s",
        "How late it is, and with it everything. About 20 ms are the measuring itself.",
        q(now("nodejs_eventloop_lag_p99_seconds"), "p99 {{instance}} {{worker}}"),
      ),
      graph(
        "Garbage collection",
        "percentunit",
        "Part of the time that it takes.",
        q(sum("kind", rate("nodejs_gc_duration_seconds_sum")), "{{kind}}"),
      ),
    ],
  ],
};
