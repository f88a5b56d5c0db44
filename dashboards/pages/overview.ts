import type { Dashboard } from "../dashboard.ts";
import { graph, stack, stat } from "../panel.ts";
import { chosen, max, now, q, quantile, quantiles, rate, sum } from "../query.ts";

const calls = "llmhub_calls_total";
const ended = "gen_ai_server_request_duration_seconds_count";

/** Whether callers are served, how quickly, and for how much. */
export const overview: Dashboard = {
  name: "overview",
  title: "Overview",
  about: "Whether callers are served, how quickly, and for how much.",
  rows: [
    [
      "At a glance",
      stat("Replicas", "short", "That Prometheus has scraped.", q(`count(${now("llmhub_build_info")})`, "")),
      stat("Calls", "reqps", "That ended, of all kinds.", q(sum("", rate(calls)), "")),
      stat(
        "Answered",
        "percentunit",
        "Part of calls that ended without an error of any kind.",
        q(`${sum("", rate(ended, 'error_type=""'))} / ${sum("", rate(ended))}`, ""),
      ),
      stat(
        "Duration, p95",
        "s",
        "From arrival to end of a call.",
        q(quantile(0.95, "llmhub_call_duration_seconds"), ""),
      ),
      stat(
        "First token, p95",
        "s",
        "Of streams that succeeded.",
        q(quantile(0.95, "gen_ai_server_time_to_first_token_seconds"), ""),
      ),
      stat(
        "Under way",
        "short",
        "Calls that were let in and have not ended.",
        q(sum("", now("llmhub_calls_in_flight")), ""),
      ),
      stat(
        "Cost of an hour",
        "currencyUSD",
        "At the pace of now, of calls whose price is known.",
        q(`3600 * ${sum("", rate("llmhub_cost_dollars_total"))}`, ""),
      ),
      stat(
        "Providers out",
        "short",
        "With an open circuit at their address, a credential or a model.",
        q(`count(${max("provider", now("llmhub_breaker_state"))} > 0) or vector(0)`, ""),
      ),
    ],
    [
      "Calls",
      stack(
        "Calls by status",
        "reqps",
        "What callers got, as status of gRPC.",
        q(sum("code", rate(calls, chosen)), "{{code}}"),
      ),
      stack(
        "Calls by provider",
        "reqps",
        "Who answered; without a name: nobody was asked.",
        q(sum("provider", rate(calls, chosen)), "{{provider}}"),
      ),
      stack(
        "Refused at the door",
        "reqps",
        "Calls that were never carried out: key, rules, overload.",
        q(sum("reason", rate("llmhub_rejected_calls_total")), "{{reason}}"),
      ),
    ],
    [
      "Speed",
      graph("Duration", "s", "From arrival to end.", ...quantiles("llmhub_call_duration_seconds", chosen)),
      graph(
        "Time to first token",
        "s",
        "Of streams that a provider answered and that succeeded.",
        ...quantiles("gen_ai_server_time_to_first_token_seconds"),
      ),
      graph(
        "Open streams",
        "short",
        "That have begun and not ended.",
        q(sum("method", now("llmhub_open_streams")), "{{method}}"),
      ),
    ],
    [
      "What it takes",
      stack(
        "Tokens",
        "short",
        "In a second.",
        q(sum("kind", rate("llmhub_tokens_total", `${chosen},kind=~"input|output"`)), "{{kind}}"),
      ),
      stack(
        "Cost of an hour",
        "currencyUSD",
        "At the pace of each moment.",
        q(`3600 * ${sum("provider", rate("llmhub_cost_dollars_total", chosen))}`, "{{provider}}"),
      ),
      graph(
        "CPU",
        "percentunit",
        "Cores in use by each process.",
        q(rate("process_cpu_seconds_total"), "{{instance}} {{worker}}"),
      ),
    ],
  ],
};
