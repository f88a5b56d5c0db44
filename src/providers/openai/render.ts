import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { renderChat } from "../../protocols/chat-completions/render.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";

/** OpenAI deprecated max_tokens, and its reasoning models refuse it: the bound is called max_completion_tokens here. */
export function renderOpenAi(attempt: Attempt): Rendered<ChatBody> {
  const rendered = renderChat(attempt);
  const { max_tokens, ...body } = rendered.body;
  if (max_tokens === undefined) return rendered;
  return { ...rendered, body: { ...body, max_completion_tokens: max_tokens } as ChatBody };
}
