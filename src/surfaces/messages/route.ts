import { create } from "@bufbuild/protobuf";
import { CountTokensRequestSchema } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import type { Rpc } from "../../model/call.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import { type Answer, always, type Route } from "../route.ts";
import { toldFacts } from "../told-facts.ts";
import { begunFacts, WrittenEvents } from "../written-events.ts";
import { messageOf } from "./answer.ts";
import { Citations } from "./citations.ts";
import { type MessagesRequest, readCount, readMessages } from "./request.ts";
import { MessageEvents } from "./stream.ts";
import { messagesWords } from "./words.ts";

/** Anthropic's messages and their count of tokens, whatever the provider behind. */
export function messagesRoutes(handlers: CompletionHandlers): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/v1/messages",
      chained: true,
      words: always(messagesWords),
      read: (body, { headers }) => {
        const asked = readMessages(body, headers);
        return (rpc) => answer(handlers, asked, rpc);
      },
    },
    {
      method: "POST",
      path: "/v1/messages/count_tokens",
      chained: false,
      words: always(messagesWords),
      read: (body, { headers }) => {
        const request = create(CountTokensRequestSchema, { request: readCount(body, headers) });
        return async (rpc) => {
          const { usage } = await handlers.countTokens(request, rpc);
          return { kind: "whole", body: JSON.stringify({ input_tokens: usage?.inputTokens ?? 0 }) };
        };
      },
    },
  ];
}

async function answer(handlers: CompletionHandlers, { request, stream }: MessagesRequest, rpc: Rpc): Promise<Answer> {
  const id = { "request-id": rpc.requestId };
  const citations = new Citations(request.messages);
  if (stream) {
    const writer = new MessageEvents(citations);
    const events = new WrittenEvents(handlers.events(request, rpc), writer);
    return { kind: "streamed", headers: () => ({ ...id, ...begunFacts(writer.begun) }), events };
  }
  const response = await handlers.complete(request, rpc);
  return {
    kind: "whole",
    headers: { ...id, ...toldFacts(response) },
    body: JSON.stringify(messageOf(response, citations)),
  };
}
