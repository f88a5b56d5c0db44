import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import type { Target } from "../../model/target.ts";
import { markBegun } from "../../protocols/chat-completions/begun-answer.ts";
import { schemaAsPrompt } from "../../protocols/chat-completions/schema-prompt.ts";
import { renderVariant, type Setting } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";

const render = renderVariant({ lacks, adapt: schemaAsPrompt, finish });

/**
 * The request as DeepSeek takes it: api-docs.deepseek.com, "Create Chat Completion", "Thinking Mode" and "Chat Prefix
 * Completion". An answer that the caller has begun is continued by the beta API only.
 */
export function renderDeepseek(attempt: Attempt): Rendered<ChatBody> {
  const rendered = render(attempt);
  const body = markBegun(rendered.body);
  return body === rendered.body ? rendered : { ...rendered, path: `/beta${rendered.path}`, body };
}

/** Models think unless told otherwise, and then go by no temperature and no penalties. */
function lacks({ facts, model }: Target, request: CompleteRequest): readonly Setting[] {
  const always: readonly Setting[] = ["seed", "serviceTier", "endUserId"];
  const thinks = facts.features.has("reasoning") || /reasoner|-v\d/.test(model);
  if (!thinks || request.reasoning?.effort === "none") return always;
  return [...always, "temperature", "frequencyPenalty", "presencePenalty"];
}

/** Thinking is switched off by a field of its own; of the levels, the server finds the nearest that it has. */
function finish(body: ChatBody): ChatBody {
  const { reasoning_effort, ...rest } = body;
  return reasoning_effort === "none" ? { thinking: { type: "disabled" }, ...rest } : body;
}
