import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { LossReport } from "../../protocols/chat-completions/loss-report.ts";
import { renderChat } from "../../protocols/chat-completions/render.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { fitRequest } from "./fit.ts";

/** Stop sequences that the API takes. */
const stopsMax = 4;

/**
 * The request as OpenAI itself takes it. It deprecated max_tokens, and its reasoning models refuse it: the bound is called
 * max_completion_tokens here. It never shows reasoning, so none goes back.
 */
export function renderOpenAi(attempt: Attempt): Rendered<ChatBody> {
  const losses = new LossReport(attempt, false);
  const request = fitRequest(attempt.call.request, attempt.target.facts, losses);
  if (request.stopSequences.length > stopsMax) {
    losses.changed("stop_sequences", `only the first ${stopsMax} are sent, more are not taken`);
    request.stopSequences = request.stopSequences.slice(0, stopsMax);
  }
  const rendered = renderChat({ ...attempt, call: { ...attempt.call, request } }, losses);
  const { max_tokens, ...body } = rendered.body;
  if (max_tokens === undefined) return rendered;
  return { ...rendered, body: { ...body, max_completion_tokens: max_tokens } as ChatBody };
}
