import { create } from "@bufbuild/protobuf";
import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ToolChoiceSchema } from "../../../gen/llmhub/v1/tool_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { LossReport } from "../../protocols/chat-completions/loss-report.ts";
import { renderChat } from "../../protocols/chat-completions/render.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { fitRequest } from "./fit.ts";

/** Stop sequences that the API takes. */
const stopsMax = 4;
/** The first models that reason take stop sequences; o3, o4-mini and GPT-5 answer "Unsupported parameter: 'stop'". */
const stopping = /^o1|^o3-mini/;

/**
 * The request as OpenAI itself takes it. It deprecated max_tokens, and its reasoning models refuse it: the bound is called
 * max_completion_tokens here. It never shows reasoning, so none goes back.
 */
export function renderOpenAi(attempt: Attempt): Rendered<ChatBody> {
  const losses = new LossReport(attempt, false);
  const fit = fitRequest(attempt.call.request, attempt.target.facts, losses);
  const request = withParallel(withStops(fit, losses), losses);
  const rendered = renderChat(attempt, losses, request);
  if (rendered.body.max_tokens === undefined) return rendered;
  const { max_tokens, ...body } = rendered.body;
  return { ...rendered, body: { ...body, max_completion_tokens: max_tokens } as ChatBody };
}

function withStops(request: CompleteRequest, losses: LossReport): CompleteRequest {
  const { stopSequences } = request;
  const { facts, model } = losses.target;
  if (stopSequences.length > 0 && facts.features.has("reasoning") && !stopping.test(model)) {
    losses.ignored("stop_sequences", "the model takes none");
    return { ...request, stopSequences: [] };
  }
  if (stopSequences.length <= stopsMax) return request;
  losses.changed("stop_sequences", `only the first ${stopsMax} are sent, more are not taken`);
  return { ...request, stopSequences: stopSequences.slice(0, stopsMax) };
}

/** Models that reason and call one tool at a time refuse to be told so. */
function withParallel(request: CompleteRequest, losses: LossReport): CompleteRequest {
  const { toolChoice, tools } = request;
  const { features } = losses.target.facts;
  const isTaken = !features.has("reasoning") || features.has("parallel_tools");
  if (isTaken || toolChoice?.parallel === undefined || tools.length === 0) return request;
  if (toolChoice.parallel) losses.ignored("tool_choice.parallel", "the model calls one tool at a time");
  return { ...request, toolChoice: create(ToolChoiceSchema, { choice: toolChoice.choice }) };
}
