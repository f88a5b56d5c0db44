import type { ReasoningOptions } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rendering } from "./rendering.ts";
import type { Message, Thinking, ToolChoice } from "./wire.ts";

/** Feature of models whose thinking is steered by effort; they refuse a budget, as older ones refuse effort. */
const adaptiveFeature = "adaptive_reasoning";
/** Least budget the API takes. */
const budgetMin = 1024;
/** Tokens left for the answer itself when a budget has to give way. */
const answerTokens = 1024;
/** Budget for each level of effort, on models that know budgets only. */
const budgets: ReadonlyMap<string, number> = new Map([
  ["minimal", 1024],
  ["low", 2048],
  ["medium", 8192],
  ["high", 16_384],
  ["xhigh", 24_576],
  ["max", 32_768],
]);
const efforts: ReadonlySet<string> = new Set(["low", "medium", "high", "xhigh", "max"]);

/** How much the answer may grow. */
export interface OutputBound {
  readonly maxTokens: number;
  /** The caller's or the model's own, which thinking must not pass; otherwise a default that may be raised. */
  readonly isFixed: boolean;
}

/** What thinking comes to. */
export interface ThinkingPlan {
  readonly thinking?: Thinking;
  readonly effort?: string;
  readonly maxTokens: number;
}

/**
 * Turns effort and budget into what the model takes: effort for models that adapt, a budget for the others. A model of
 * which nothing is known gets the form the caller used.
 */
export function planThinking(
  rendering: Rendering,
  bound: OutputBound,
  choice: ToolChoice | undefined,
  messages: readonly Message[],
): ThinkingPlan {
  const { maxTokens } = bound;
  const options = rendering.request.reasoning;
  const budget = options?.budgetTokens;
  if (options === undefined || (options.effort === "" && budget === undefined)) return { maxTokens };
  if (options.effort === "none" || budget === 0) return { thinking: { type: "disabled" }, maxTokens };
  const obstacle = obstacleOf(choice, messages);
  if (obstacle !== undefined) rendering.ignored("reasoning", obstacle);
  const { features } = rendering.target.facts;
  if (features.has(adaptiveFeature) || (features.size === 0 && budget === undefined)) {
    const display = options.hideText ? "omitted" : "summarized";
    const effort = effortOf(options, rendering);
    return { ...(obstacle === undefined ? { thinking: { type: "adaptive", display } } : {}), effort, maxTokens };
  }
  return obstacle === undefined ? budgeted(options, bound, rendering) : { maxTokens };
}

/** What the API refuses together with thinking. */
function obstacleOf(choice: ToolChoice | undefined, messages: readonly Message[]): string | undefined {
  if (choice?.type === "any" || choice?.type === "tool") return "the model cannot think when a tool call is forced";
  const last = messages.at(-1)?.content[0];
  const first = messages.at(-2)?.content[0];
  const isUnsigned = first !== undefined && first.type !== "thinking" && first.type !== "redacted_thinking";
  if (last?.type === "tool_result" && isUnsigned) {
    return "the model cannot begin to think between a tool call and its result";
  }
  return undefined;
}

function effortOf({ effort, budgetTokens }: ReasoningOptions, rendering: Rendering): string {
  if (effort === "") {
    const nearest = nearestEffort(budgetTokens ?? 0);
    rendering.changed("reasoning.budget_tokens", `the model takes no budget; effort "${nearest}" is used`);
    return nearest;
  }
  if (budgetTokens !== undefined) rendering.ignored("reasoning.budget_tokens", "the model takes effort, not a budget");
  if (efforts.has(effort)) return effort;
  const nearest = effort === "minimal" ? "low" : "medium";
  rendering.changed("reasoning.effort", `"${effort}" is not known; "${nearest}" is used`);
  return nearest;
}

/** The highest level that the budget pays for. */
function nearestEffort(budget: number): string {
  const paid = [...budgets].findLast(([level, cost]) => efforts.has(level) && cost <= budget);
  return paid?.[0] ?? "low";
}

function budgeted(options: ReasoningOptions, bound: OutputBound, rendering: Rendering): ThinkingPlan {
  const { maxTokens, isFixed } = bound;
  const wanted = wantedBudget(options, rendering);
  if (wanted < maxTokens) return { thinking: enabled(wanted, options), maxTokens };
  if (!isFixed) return { thinking: enabled(wanted, options), maxTokens: wanted + maxTokens };
  if (maxTokens <= budgetMin) {
    rendering.ignored("reasoning", `thinking needs more than ${budgetMin} output tokens`);
    return { maxTokens };
  }
  const budget = Math.max(budgetMin, maxTokens - answerTokens);
  rendering.changed("reasoning", `the thinking budget is lowered to ${budget} tokens, below the output limit`);
  return { thinking: enabled(budget, options), maxTokens };
}

/** Hidden text is left out at the source: a signed block whose text was cut here would be refused in the next turn. */
function enabled(budget: number, { hideText }: ReasoningOptions): Thinking {
  return { type: "enabled", budget_tokens: budget, ...(hideText ? { display: "omitted" } : {}) };
}

function wantedBudget({ effort, budgetTokens }: ReasoningOptions, rendering: Rendering): number {
  if (budgetTokens !== undefined) {
    if (budgetTokens >= budgetMin) return budgetTokens;
    rendering.changed("reasoning.budget_tokens", `raised to ${budgetMin}, the least budget`);
    return budgetMin;
  }
  const budget = budgets.get(effort);
  if (budget !== undefined) return budget;
  rendering.changed("reasoning.effort", `"${effort}" is not known; "medium" is used`);
  return budgets.get("medium") ?? budgetMin;
}
