import type { Dashboard } from "../dashboard.ts";
import { graph, half, stack, stat, table } from "../panel.ts";
import { chosen, chosenModel, growth, q, quantile, rate, sum } from "../query.ts";

const cost = "llmhub_cost_dollars_total";
const tokens = "llmhub_tokens_total";

/** Tokens and money. */
export const spend: Dashboard = {
  name: "spend",
  title: "Tokens and cost",
  about: "Tokens and money, failed attempts that were charged included. Cost where the price is known.",
  rows: [
    [
      "In the time shown",
      stat("Cost", "currencyUSD", "Of all calls.", q(sum("", growth(cost, chosen)), "")),
      stat(
        "Input tokens",
        "short",
        "What was read from the prompt cache included.",
        q(sum("", growth(tokens, `${chosen},kind="input"`)), ""),
      ),
      stat("Output tokens", "short", "Reasoning included.", q(sum("", growth(tokens, `${chosen},kind="output"`)), "")),
      stat("Calls", "short", "That ended.", q(sum("", growth("llmhub_calls_total", chosen)), "")),
      table("By model", "currencyUSD", "What each cost.", q(sum("provider, model", growth(cost, chosen)), "")),
    ],
    [
      "Cost",
      stack(
        "Cost of an hour by provider",
        "currencyUSD",
        "At the pace of each moment.",
        q(`3600 * ${sum("provider", rate(cost, chosen))}`, "{{provider}}"),
      ),
      stack(
        "Cost of an hour by model",
        "currencyUSD",
        "At the pace of each moment.",
        q(`3600 * ${sum("provider, model", rate(cost, chosen))}`, "{{provider}}/{{model}}"),
      ),
      graph(
        "Cost of a thousand calls",
        "currencyUSD",
        "Where the price is known.",
        q(
          `1000 * ${sum("provider, model", rate(cost, chosen))} / ${sum("provider, model", rate("llmhub_calls_total", chosen))}`,
          "{{provider}}/{{model}}",
        ),
      ),
    ],
    [
      "Tokens",
      stack(
        "Tokens by kind",
        "short",
        "In a second. input includes cache_read and cache_write, output includes reasoning.",
        q(sum("kind", rate(tokens, chosen)), "{{kind}}"),
      ),
      stack(
        "Tokens by model",
        "short",
        "In a second, input and output.",
        q(sum("provider, model", rate(tokens, `${chosen},kind=~"input|output"`)), "{{provider}}/{{model}}"),
      ),
      graph(
        "Part of input from the prompt cache",
        "percentunit",
        "Which costs a tenth, mostly.",
        q(
          `${sum("provider", rate(tokens, `${chosen},kind="cache_read"`))} / ${sum("provider", rate(tokens, `${chosen},kind="input"`))}`,
          "{{provider}}",
        ),
      ),
      half(
        graph(
          "Tokens of an attempt, p95",
          "short",
          "By model and kind.",
          q(
            quantile(0.95, "gen_ai_client_token_usage", "gen_ai_request_model, gen_ai_token_type", chosenModel),
            "{{gen_ai_request_model}} {{gen_ai_token_type}}",
          ),
        ),
      ),
      half(
        graph(
          "Part of calls whose tokens are estimated",
          "percentunit",
          "Broken and cancelled ones always; others: the provider tells no usage.",
          q(
            `${sum("provider, model", rate("llmhub_usage_estimated_total", chosen))} / ${sum("provider, model", rate("llmhub_calls_total", chosen))}`,
            "{{provider}}/{{model}}",
          ),
        ),
      ),
    ],
  ],
};
