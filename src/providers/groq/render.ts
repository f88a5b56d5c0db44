import type { Target } from "../../model/target.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";

/** The request as Groq takes it: console.groq.com/docs/openai ("unsupported", answered with 400) and docs/reasoning. */
export const renderGroq = renderVariant({
  names: { maxOutputTokens: "max_completion_tokens" },
  lacks: ["topLogprobs"],
  lacksNames: true,
  efforts,
  finish,
});

function efforts({ model }: Target): readonly string[] | undefined {
  if (model.startsWith("openai/gpt-oss")) return ["low", "medium", "high"];
  return isQwen(model) ? ["none", "default"] : undefined;
}

function isQwen(model: string): boolean {
  return model.startsWith("qwen/");
}

/** Unless asked otherwise these models think between tags in the midst of their text. */
function finish(body: ChatBody): ChatBody {
  return isQwen(body.model) ? { reasoning_format: "parsed", ...body } : body;
}
