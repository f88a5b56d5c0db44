import type { Rendering } from "./rendering.ts";

/** What the caller sets as max_output_tokens, lowered to the most that the model gives; undefined where nothing is set. */
export function outputBound(rendering: Rendering): number | undefined {
  const wanted = rendering.request.maxOutputTokens;
  const most = rendering.target.facts.maxOutputTokens;
  if (wanted === undefined || most === 0 || wanted <= most) return wanted;
  rendering.changed("max_output_tokens", `lowered to ${most}, the most the model gives`);
  return most;
}
