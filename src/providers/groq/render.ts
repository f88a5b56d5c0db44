import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Target } from "../../model/target.ts";
import type { LossReport } from "../../protocols/chat-completions/loss-report.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";

/** The request as Groq takes it: console.groq.com/docs/openai ("unsupported", answered with 400) and docs/reasoning. */
export const renderGroq = renderVariant({
  names: { maxOutputTokens: "max_completion_tokens" },
  lacks: ["topLogprobs"],
  efforts,
  adapt,
  finish,
});

function efforts({ model }: Target): readonly string[] | undefined {
  if (model.startsWith("openai/gpt-oss")) return ["low", "medium", "high"];
  return isQwen(model) ? ["none", "default"] : undefined;
}

function isQwen(model: string): boolean {
  return model.startsWith("qwen/");
}

function adapt(request: CompleteRequest, losses: LossReport): CompleteRequest {
  if (request.messages.every(({ name }) => name === "")) return request;
  const messages = request.messages.map((message, index) => {
    if (message.name === "") return message;
    losses.ignored(`messages[${index}].name`, "messages have no name at this provider");
    return { ...message, name: "" };
  });
  return { ...request, messages };
}

/** Unless asked otherwise these models think between tags in the midst of their text. */
function finish(body: ChatBody): ChatBody {
  return isQwen(body.model) ? { reasoning_format: "parsed", ...body } : body;
}
