import type { Attempt } from "../../model/call.ts";
import type { Protocol, Rendered } from "../../model/protocol.ts";
import { inputCount } from "../../protocols/responses/count.ts";
import { responses } from "../../protocols/responses/protocol.ts";
import { renderResponses } from "../../protocols/responses/render.ts";
import { Rendering } from "../../protocols/responses/rendering.ts";
import type { ResponsesBody } from "../../protocols/responses/wire.ts";
import { fitRequest } from "./fit.ts";

/** Least bound of the output that the API takes. */
const outputTokensMin = 16;

/** Names of models that chat completions do not serve, for those too young for the table: OpenAI's pages of its models. */
export const responsesNames = /^(?:gpt-[\d.]+|o\d)(?:-.+)?-(?:pro|codex|deep-research)\b|^codex-|^computer-use-/;

/** The Responses API as OpenAI itself serves it. */
export const openaiResponses: Protocol<ResponsesBody> = {
  ...responses,
  render: renderOpenAiResponses,
  count: inputCount(renderOpenAiResponses),
};

/** The request within OpenAI's limits. */
function renderOpenAiResponses(attempt: Attempt): Rendered<ResponsesBody> {
  const { call, target } = attempt;
  const before = new Rendering(attempt);
  let request = fitRequest(call.request, target.facts, before);
  if (request.maxOutputTokens !== undefined && request.maxOutputTokens < outputTokensMin) {
    before.changed("max_output_tokens", `raised to ${outputTokensMin}, the least that is taken`);
    request = { ...request, maxOutputTokens: outputTokensMin };
  }
  const rendered = renderResponses({ ...attempt, call: { ...call, request } });
  return { ...rendered, warnings: [...before.warnings, ...rendered.warnings] };
}
