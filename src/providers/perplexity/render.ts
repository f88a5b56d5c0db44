import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { LossReport } from "../../protocols/chat-completions/loss-report.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";

/** The request as Perplexity takes it: docs.perplexity.ai, "OpenAI compatibility". Filters of the search go through provider_options. */
export const renderPerplexity = renderVariant({
  lacks: ["seed", "topLogprobs", "stopSequences", "serviceTier", "endUserId"],
  lacksNames: true,
  adapt: refuseTools,
});

/** The models call none, and the API would drop them without a word. */
function refuseTools(request: CompleteRequest, losses: LossReport): CompleteRequest {
  if (request.tools.length > 0) throw losses.unsupported("tools", "tools", "the provider's models call no tools");
  return request;
}
