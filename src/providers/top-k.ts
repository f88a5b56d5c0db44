import { chatCompletions } from "../protocols/chat-completions/protocol.ts";
import { renderVariant } from "../protocols/chat-completions/variant.ts";

/** Chat completions as servers of open models speak them: with top_k, which OpenAI has not. */
export const topKDialect = { ...chatCompletions, render: renderVariant({ names: { topK: "top_k" } }) };
