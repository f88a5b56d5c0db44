import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rendering } from "../rendering.ts";

/** Levels of effort of the API that reason at all, from the least to the most. */
const levels = ["minimal", "low", "medium", "high", "xhigh", "max"];

/**
 * The request with a level of effort that the model knows: the next higher one, or else its highest, with a warning. A word
 * that is no level of the API is taken for the provider's own. `known` empty: the model has no such setting.
 */
export function fitEffort(request: CompleteRequest, known: readonly string[], losses: Rendering): CompleteRequest {
  const { reasoning } = request;
  const wanted = reasoning?.effort ?? "";
  if (reasoning === undefined || wanted === "" || known.includes(wanted)) return request;
  const fit = nearest(wanted, known);
  if (fit === wanted) return request;
  const field = "reasoning.effort";
  if (fit === "") losses.ignored(field, `the model has no effort "${wanted}", nor one like it`);
  else losses.changed(field, `the model has no effort "${wanted}"; "${fit}" is used`);
  return { ...request, reasoning: { ...reasoning, effort: fit } };
}

function nearest(wanted: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const rank = levels.indexOf(wanted);
  if (rank === -1) return wanted === "none" ? "" : wanted;
  const steps = known.filter((level) => levels.includes(level)).sort((a, b) => levels.indexOf(a) - levels.indexOf(b));
  return steps.find((level) => levels.indexOf(level) > rank) ?? steps.at(-1) ?? "";
}
