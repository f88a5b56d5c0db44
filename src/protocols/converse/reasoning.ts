import type { JsonObject } from "@bufbuild/protobuf";
import type { Rendering } from "./rendering.ts";
import type { InferenceConfig } from "./wire.ts";

/** Least budget of each level of effort. */
const budgets: readonly (readonly [effort: string, tokens: number])[] = [
  ["high", 16_384],
  ["medium", 4096],
  ["low", 0],
];
/** Levels that these models have not, and the next that they have. */
const nearest: Readonly<Record<string, string>> = { minimal: "low", xhigh: "high", max: "high" };

/** How hard a model that is not Anthropic's is to think, as fields of its own format. */
export function renderEffort(vendor: string, inference: InferenceConfig, rendering: Rendering): JsonObject {
  const options = rendering.request.reasoning;
  if (options === undefined || (options.effort === "" && options.budgetTokens === undefined)) return {};
  const { features } = rendering.target.facts;
  const isOff = options.effort === "none" || options.budgetTokens === 0;
  if (features.size > 0 && !features.has("reasoning")) {
    if (!isOff) rendering.ignored("reasoning", "the model does not reason");
    return {};
  }
  if (vendor === "amazon") return isOff ? { reasoningConfig: { type: "disabled" } } : novaConfig(inference, rendering);
  if (vendor === "openai" && !isOff) return { reasoning_effort: effortOf(rendering) };
  rendering.ignored("reasoning", "how hard the model thinks cannot be set");
  return {};
}

/** At the highest effort Nova decides for itself how long and how freely it answers. */
function novaConfig({ maxTokens, temperature, topP }: InferenceConfig, rendering: Rendering): JsonObject {
  const effort = effortOf(rendering);
  const isBound = maxTokens !== undefined || temperature !== undefined || topP !== undefined;
  if (effort !== "high" || !isBound) return { reasoningConfig: { type: "enabled", maxReasoningEffort: effort } };
  const message = 'effort "high" excludes max_output_tokens, temperature and top_p; "medium" is used';
  rendering.changed("reasoning.effort", message);
  return { reasoningConfig: { type: "enabled", maxReasoningEffort: "medium" } };
}

function effortOf(rendering: Rendering): string {
  const { effort = "", budgetTokens } = rendering.request.reasoning ?? {};
  if (effort === "") {
    const level = budgets.find(([, tokens]) => (budgetTokens ?? 0) >= tokens)?.[0] ?? "low";
    rendering.changed("reasoning.budget_tokens", `the model takes no budget; effort "${level}" is used`);
    return level;
  }
  if (budgetTokens !== undefined) rendering.ignored("reasoning.budget_tokens", "the model takes effort, not a budget");
  if (budgets.some(([level]) => level === effort)) return effort;
  const level = nearest[effort] ?? "medium";
  rendering.changed("reasoning.effort", `the model has no effort "${effort}"; "${level}" is used`);
  return level;
}
