import type { ReasoningOptions } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rendering } from "./rendering.ts";
import type { ThinkingConfig } from "./wire.ts";

/** First generation that takes a level; the one before takes a budget, and those before that do not think. */
const levelGeneration = 3;
/** Budgets that Google itself puts for levels of effort (reasoning_effort of its OpenAI-compatible endpoint). */
const budgets: ReadonlyMap<string, number> = new Map([
  ["none", 0],
  ["minimal", 1024],
  ["low", 1024],
  ["medium", 8192],
  ["high", 24_576],
  ["xhigh", 24_576],
  ["max", 32_768],
]);
/** For levels of effort that are new. */
const mediumBudget = 8192;
/** Levels from the least to the most, with the budget each stands for. */
const levels = [
  ["MINIMAL", 512],
  ["LOW", 1024],
  ["MEDIUM", 8192],
  ["HIGH", 24_576],
] as const;

type Level = NonNullable<ThinkingConfig["thinkingLevel"]>;

/** What budgets a model takes, beside 0 where it can be kept from thinking. */
interface BudgetRange {
  readonly least: number;
  readonly most: number;
  readonly canStop: boolean;
}

/** How the model is to think: by a budget or a level, as its generation wants it. Undefined: as it does by itself. */
export function renderThinking(rendering: Rendering): ThinkingConfig | undefined {
  const { reasoning } = rendering.request;
  if (reasoning === undefined) return undefined;
  const isOff = reasoning.effort === "none" || reasoning.budgetTokens === 0;
  const { features } = rendering.target.facts;
  if (features.size > 0 && !features.has("reasoning")) {
    if (!isOff && (reasoning.effort !== "" || reasoning.budgetTokens !== undefined)) {
      rendering.ignored("reasoning", "the model does not reason");
    }
    return undefined;
  }
  const amount = amountOf(reasoning, rendering);
  const isShown = !reasoning.hideText && !isOff;
  return { ...(isShown ? { includeThoughts: true } : {}), ...amount };
}

function amountOf(reasoning: ReasoningOptions, rendering: Rendering): ThinkingConfig {
  const { effort, budgetTokens } = reasoning;
  if (effort === "" && budgetTokens === undefined) return {};
  // A model of which nothing is known gets the form that the caller used.
  const takesLevel =
    rendering.generation === undefined ? budgetTokens === undefined : rendering.generation >= levelGeneration;
  return takesLevel
    ? { thinkingLevel: levelOf(reasoning, rendering) }
    : { thinkingBudget: budgetOf(reasoning, rendering) };
}

function budgetOf({ effort, budgetTokens }: ReasoningOptions, rendering: Rendering): number {
  const { least, most, canStop } = rangeOf(rendering.target.model);
  const field = budgetTokens === undefined ? "reasoning.effort" : "reasoning.budget_tokens";
  const wanted = budgetTokens ?? budgets.get(effort);
  if (wanted === undefined) {
    rendering.changed(field, `"${effort}" is not known; "medium" is used`);
    return mediumBudget;
  }
  if (wanted === 0 && canStop) return 0;
  const budget = Math.min(most, Math.max(least, wanted));
  if (wanted === 0) rendering.changed(field, `the model always thinks; a budget of ${budget} is used`);
  else if (budget !== wanted && budgetTokens !== undefined) rendering.changed(field, `${budget} is the nearest budget`);
  return budget;
}

/** The ranges of the API's reference. A model that is not in it gets what was asked for. */
function rangeOf(model: string): BudgetRange {
  if (!/gemini-2\.5/.test(model)) return { least: 0, most: Number.MAX_SAFE_INTEGER, canStop: true };
  if (/pro/.test(model)) return { least: 128, most: 32_768, canStop: false };
  return { least: /lite/.test(model) ? 512 : 1, most: 24_576, canStop: true };
}

function levelOf({ effort, budgetTokens }: ReasoningOptions, rendering: Rendering): Level {
  const known = levelsOf(rendering.target.model);
  if (effort === "") {
    const level = highestFor(budgetTokens ?? 0, known);
    rendering.changed("reasoning.budget_tokens", `the model takes levels, not a budget; "${level}" is used`);
    return level;
  }
  if (budgetTokens !== undefined) rendering.ignored("reasoning.budget_tokens", "the model takes effort, not a budget");
  const level = known.find((one) => one.toLowerCase() === effort);
  if (level !== undefined) return level;
  const nearest = highestFor(budgets.get(effort) ?? mediumBudget, known);
  rendering.changed("reasoning.effort", `the model has no effort "${effort}"; "${nearest.toLowerCase()}" is used`);
  return nearest;
}

/** The highest level that the budget pays for, or the least there is. */
function highestFor(budget: number, known: readonly Level[]): Level {
  return levels.findLast(([level, cost]) => known.includes(level) && cost <= budget)?.[0] ?? known[0] ?? "LOW";
}

/** Pro models cannot think as little as the others, and the first of them knew two levels. */
function levelsOf(model: string): readonly Level[] {
  if (/gemini-3-pro/.test(model)) return ["LOW", "HIGH"];
  return /pro/.test(model) ? ["LOW", "MEDIUM", "HIGH"] : ["MINIMAL", "LOW", "MEDIUM", "HIGH"];
}
