import type { ReasoningOptions } from "../../../gen/llmhub/v1/completion_pb.ts";
import { effortBudgets } from "../effort-budget.ts";
import type { Rendering } from "../rendering.ts";
import type { Message, Thinking, ToolChoice } from "./wire.ts";

/** Feature of models that can think at all. */
const reasoningFeature = "reasoning";
/** Feature of models whose thinking is steered by effort; they refuse a budget, as older ones refuse effort. */
const adaptiveFeature = "adaptive_reasoning";
/** Feature of models that refuse not to think. */
const alwaysFeature = "always_reasoning";
/** Least budget the API takes. */
const budgetMin = 1024;
/** Tokens left for the answer itself when a budget has to give way. */
const answerTokens = 1024;
/** Levels of effort from the least to the most, and the feature that a known model needs for it. */
const efforts: ReadonlyMap<string, string | undefined> = new Map([
  ["low", undefined],
  ["medium", undefined],
  ["high", undefined],
  ["xhigh", "effort_xhigh"],
  ["max", "effort_max"],
]);

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
  const { features } = rendering.target.facts;
  const isOff = options.effort === "none" || budget === 0;
  if (features.size > 0 && !features.has(reasoningFeature) && !features.has(adaptiveFeature)) {
    if (!isOff) rendering.ignored("reasoning", "the model does not reason");
    return { maxTokens };
  }
  if (isOff) return { ...switchedOff(rendering), maxTokens };
  if (features.has(adaptiveFeature) || (features.size === 0 && budget === undefined)) {
    const display = options.hideText ? "omitted" : "summarized";
    return { thinking: { type: "adaptive", display }, effort: effortOf(options, rendering), maxTokens };
  }
  const obstacle = obstacleOf(choice, messages);
  if (obstacle === undefined) return budgeted(options, bound, rendering);
  rendering.ignored("reasoning", obstacle);
  return { maxTokens };
}

function switchedOff(rendering: Rendering): Pick<ThinkingPlan, "thinking" | "effort"> {
  if (!rendering.target.facts.features.has(alwaysFeature)) return { thinking: { type: "disabled" } };
  rendering.changed("reasoning", 'the model always thinks; effort "low" is used');
  return { effort: "low" };
}

/** What the API refuses together with a budget for thinking. */
function obstacleOf(choice: ToolChoice | undefined, messages: readonly Message[]): string | undefined {
  if (choice?.type === "any" || choice?.type === "tool") return "the model cannot think when a tool call is forced";
  const last = messages.at(-1);
  if (last?.role === "assistant" && !isThought(last)) return "the model cannot think when its answer is begun for it";
  const before = messages.at(-2);
  if (last?.content[0]?.type === "tool_result" && before !== undefined && !isThought(before)) {
    return "the model cannot begin to think between a tool call and its result";
  }
  return undefined;
}

/** Whether the model thought before it said this. */
function isThought({ content: [first] }: Message): boolean {
  return first?.type === "thinking" || first?.type === "redacted_thinking";
}

function effortOf({ effort, budgetTokens }: ReasoningOptions, rendering: Rendering): string {
  if (effort === "") {
    const nearest = nearestEffort(budgetTokens ?? 0, rendering);
    rendering.changed("reasoning.budget_tokens", `the model takes no budget; effort "${nearest}" is used`);
    return nearest;
  }
  if (budgetTokens !== undefined) rendering.ignored("reasoning.budget_tokens", "the model takes effort, not a budget");
  if (hasEffort(effort, rendering)) return effort;
  const nearest = effort === "minimal" ? "low" : efforts.has(effort) ? lowerEffort(effort, rendering) : "medium";
  rendering.changed("reasoning.effort", `the model has no effort "${effort}"; "${nearest}" is used`);
  return nearest;
}

/** A model of which nothing is known is taken at its word. */
function hasEffort(effort: string, { target }: Rendering): boolean {
  const { features } = target.facts;
  const needed = efforts.get(effort);
  return efforts.has(effort) && (needed === undefined || features.size === 0 || features.has(needed));
}

/** The next level below that the model has. */
function lowerEffort(effort: string, rendering: Rendering): string {
  const levels = [...efforts.keys()];
  return levels.slice(0, levels.indexOf(effort)).findLast((level) => hasEffort(level, rendering)) ?? "low";
}

/** The highest level that the budget pays for. */
function nearestEffort(budget: number, rendering: Rendering): string {
  const paid = [...effortBudgets].findLast(([level, cost]) => hasEffort(level, rendering) && cost <= budget);
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
  const budget = effortBudgets.get(effort);
  if (budget !== undefined) return budget;
  rendering.changed("reasoning.effort", `"${effort}" is not known; "medium" is used`);
  return effortBudgets.get("medium") ?? budgetMin;
}
