import type { IncomingHttpHeaders } from "node:http";
import { chatWords } from "./chat/words.ts";
import { messagesWords } from "./messages/words.ts";
import type { Words } from "./route.ts";

/** Whether the caller is a client of Anthropic's API: those say which version of it they speak. */
export function speaksMessages(headers: IncomingHttpHeaders): boolean {
  return headers["anthropic-version"] !== undefined;
}

/** Errors at paths that OpenAI's and Anthropic's clients share, or that nobody serves. */
export function callerWords(headers: IncomingHttpHeaders): Words {
  return speaksMessages(headers) ? messagesWords : chatWords;
}
