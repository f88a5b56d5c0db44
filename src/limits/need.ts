import type { Asked } from "../model/call.ts";
import { estimateInput } from "../model/estimate.ts";
import type { Target } from "../model/target.ts";
import type { Rule } from "./rule.ts";

/** Tokens that a call may use. */
export interface Need {
  /** Of its input, as estimated. */
  readonly input: number;
  /** Most output that its request allows; undefined where it says nothing of that. */
  readonly output: number | undefined;
  /** Most output of its model; 0 where nobody knows. */
  readonly outputMax: number;
}

/** What a request says of its tokens. */
export function needOf(request: Asked, target: Target | undefined): Need {
  const input = estimateInput(request);
  const isCompletion = request.$typeName === "llmhub.v1.CompleteRequest";
  return { input, output: isCompletion ? request.maxOutputTokens : 0, outputMax: target?.facts.maxOutputTokens ?? 0 };
}

/**
 * What to take of a limit before the call: the input, and all the output that is allowed, or else what the rule assumes.
 * An assumption alone must not make a call impossible.
 */
export function tokensBefore({ input, output, outputMax }: Need, { reserve }: Rule, limit: number): number {
  if (output !== undefined) return input + output;
  const assumed = Math.min(reserve, outputMax || reserve);
  return input + Math.min(assumed, Math.max(0, limit - input));
}

/** How much more is taken when that is used up: what the rule assumes, but never much of a small limit. */
export function tokensMore({ reserve }: Rule, limit: number): number {
  return Math.min(reserve, Math.ceil(limit / 10));
}
