import type { Protocol } from "../../../src/model/protocol.ts";
import { chatCompletions } from "../../../src/protocols/chat-completions/protocol.ts";
import { messages as messagesProtocol } from "../../../src/protocols/messages/protocol.ts";
import { chat, messages } from "./dialects.ts";

/** How a dialect streams tool calls piece by piece. */
export interface ToolDialect {
  readonly kind: string;
  readonly protocol: Pick<Protocol, "read">;
  readonly preamble: string;
  readonly begin: (index: number, id: string, name: string) => string;
  readonly grow: (index: number, fragment: string) => string;
  readonly end: (index: number) => string;
  /** The end of an answer that calls tools. */
  readonly finish: string;
}

const said = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c1", model: "m-1", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

const chatTools: ToolDialect = {
  kind: chat.kind,
  protocol: chatCompletions,
  preamble: chat.preamble,
  begin: (index, id, name) =>
    said({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
  grow: (index, fragment) => said({ tool_calls: [{ index, function: { arguments: fragment } }] }),
  end: () => "",
  finish: said({}, "tool_calls") + chat.done,
};

const event = (type: string, rest: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;

const messagesTools: ToolDialect = {
  kind: messages.kind,
  protocol: messagesProtocol,
  preamble: event("message_start", { message: { id: "m1", model: "m-1", content: [], usage: { input_tokens: 7 } } }),
  begin: (index, id, name) =>
    event("content_block_start", { index, content_block: { type: "tool_use", id, name, input: {} } }),
  grow: (index, fragment) =>
    event("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: fragment } }),
  end: (index) => event("content_block_stop", { index }),
  finish:
    event("message_delta", { delta: { stop_reason: "tool_use" }, usage: { input_tokens: 7, output_tokens: 3 } }) +
    messages.done,
};

/** The dialects whose tool calls come in pieces that alternate. */
export const toolDialects = [chatTools, messagesTools];
