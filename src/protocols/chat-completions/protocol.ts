import type { Protocol } from "../../model/protocol.ts";
import { faultOf } from "./fault.ts";
import { readChat } from "./read.ts";
import { renderChat } from "./render.ts";
import type { ChatBody } from "./wire.ts";

/** The chat completions dialect of OpenAI, as far as the servers that follow it have it in common. */
export const chatCompletions: Protocol<ChatBody> = {
  name: "chat-completions",
  render: renderChat,
  read: (attempt) => readChat(attempt),
  fault: faultOf,
};
