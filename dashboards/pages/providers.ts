import type { Dashboard } from "../dashboard.ts";
import { graph, half, stack, table, timeline } from "../panel.ts";
import { chosen, chosenModel, max, now, q, quantile, rate, sum } from "../query.ts";

const circuit = [
  [0, "closed", "green"],
  [1, "one trial", "orange"],
  [2, "open", "red"],
] as const;
const attempts = "gen_ai_client_operation_duration_seconds";
const byModel = "gen_ai_provider_name, gen_ai_request_model";

/** How providers do: circuits, pauses, credentials, speed. */
export const providers: Dashboard = {
  name: "providers",
  title: "Providers",
  about: "How providers do: circuits, pauses, credentials, speed.",
  rows: [
    [
      "Health",
      timeline(
        circuit,
        "Circuits",
        "short",
        "Of the address, each credential and the worst model.",
        q(
          max("provider, scope, credential", now("llmhub_breaker_state", chosen)),
          "{{provider}} {{scope}} {{credential}}",
        ),
      ),
      timeline(
        [
          [0, "fine", "green"],
          [1, "refused", "red"],
        ],
        "Credentials",
        "short",
        "1 while the provider refuses it.",
        q(max("provider, credential", now("llmhub_credential_unhealthy", chosen)), "{{provider}} {{credential}}"),
      ),
      graph(
        "Pauses",
        "s",
        "How long the provider wants some model of it to be left alone.",
        q(max("provider, credential", now("llmhub_cooldown_seconds", chosen)), "{{provider}} {{credential}}"),
      ),
      stack(
        "Health checks",
        "reqps",
        "By outcome.",
        q(sum("provider, outcome", rate("llmhub_health_checks_total", chosen)), "{{provider}} {{outcome}}"),
      ),
      graph(
        "Attempts that succeed",
        "percentunit",
        "Of all.",
        q(
          `${sum("provider", rate("llmhub_upstream_attempts_total", `${chosen},outcome="ok"`))} / ${sum("provider", rate("llmhub_upstream_attempts_total", chosen))}`,
          "{{provider}}",
        ),
      ),
    ],
    [
      "Attempts",
      half(
        stack(
          "Attempts",
          "reqps",
          "By provider and outcome.",
          q(sum("provider, outcome", rate("llmhub_upstream_attempts_total", chosen)), "{{provider}} {{outcome}}"),
        ),
      ),
      half(
        stack(
          "Attempts by credential",
          "reqps",
          "Of providers that have several.",
          q(
            sum("provider, credential", rate("llmhub_upstream_attempts_total", `${chosen},credential!=""`)),
            "{{provider}} {{credential}}",
          ),
        ),
      ),
      graph(
        "Duration of attempts, median",
        "s",
        "From sending to end.",
        q(quantile(0.5, attempts, byModel, chosenModel), "{{gen_ai_provider_name}} {{gen_ai_request_model}}"),
      ),
      graph(
        "Duration of attempts, p95",
        "s",
        "From sending to end.",
        q(quantile(0.95, attempts, byModel, chosenModel), "{{gen_ai_provider_name}} {{gen_ai_request_model}}"),
      ),
      graph(
        "Calls at once that a target gets",
        "short",
        "As of now: lower while its answers are slower than usual.",
        q(sum("provider, model", now("llmhub_target_calls_limit", chosen)), "{{provider}} {{model}}"),
      ),
    ],
    [
      "Models",
      table(
        "Calls by model",
        "reqps",
        "Whom they were asked of, and what answered.",
        q(
          sum(
            "gen_ai_operation_name, gen_ai_provider_name, gen_ai_request_model, gen_ai_response_model",
            rate("gen_ai_server_request_duration_seconds_count", chosenModel),
          ),
          "",
        ),
      ),
      half(
        graph(
          "First token, p95",
          "s",
          "Of streams that succeeded.",
          q(
            quantile(0.95, "gen_ai_server_time_to_first_token_seconds", byModel, chosenModel),
            "{{gen_ai_provider_name}} {{gen_ai_request_model}}",
          ),
        ),
      ),
    ],
  ],
};
