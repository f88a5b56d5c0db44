import type { Asked } from "../model/call.ts";
import { estimateInput } from "../model/estimate.ts";
import type { Target } from "../model/target.ts";

/** Output that is assumed of a call that names no bound, unless its model's own is lower. */
const outputTokensDefault = 4096;

/** Tokens that a call may use: what its request says, and what is only assumed. */
export interface Need {
  readonly known: number;
  readonly assumed: number;
}

/** What to reserve: the input as estimated, and all the output that the request allows. */
export function needOf(request: Asked, target: Target | undefined): Need {
  const input = estimateInput(request);
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return { known: input, assumed: 0 };
  if (request.maxOutputTokens !== undefined) return { known: input + request.maxOutputTokens, assumed: 0 };
  const most = target?.facts.maxOutputTokens || outputTokensDefault;
  return { known: input, assumed: Math.min(most, outputTokensDefault) };
}

/** The need under a limit: an assumption alone must not make a call impossible. */
export function fitted({ known, assumed }: Need, limit: number): number {
  return known + Math.min(assumed, Math.max(0, limit - known));
}
