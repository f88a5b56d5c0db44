import type { Asked, Attempt } from "./call.ts";
import type { Failure } from "./protocol.ts";

/** A response that is no answer, as the dialect's `fault` wants to see it. */
export function refusalOf({ target }: Attempt<Asked>, answer: Pick<Failure, "status" | "headers" | "body">): Failure {
  const { provider, model } = target;
  const { status, headers, body } = answer;
  return { provider: provider.id, model, modelDeclared: provider.models.has(model), status, headers, body };
}
