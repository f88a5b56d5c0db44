import type { Rpc } from "../../model/call.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import { type Answer, always, type Route } from "../route.ts";
import { toldFacts } from "../told-facts.ts";
import { chatCompletion } from "./answer.ts";
import { type ChatRequest, readChat } from "./request.ts";
import { chatEvents, requestsFor } from "./stream.ts";
import { chatWords } from "./words.ts";

/** OpenAI's chat completions, whatever the provider behind. */
export function chatRoute(handlers: CompletionHandlers): Route {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    chained: true,
    words: always(chatWords),
    read: (body) => {
      const asked = readChat(body);
      return asked.stream ? async (rpc) => streamed(handlers, asked, rpc) : (rpc) => whole(handlers, asked, rpc);
    },
  };
}

function streamed(handlers: CompletionHandlers, { request, choices, includeUsage }: ChatRequest, rpc: Rpc): Answer {
  const sources = requestsFor(request, choices).map((one, choice) =>
    handlers.events(one, rpcFor(rpc, choice, choices)),
  );
  return { kind: "streamed", events: chatEvents(sources, includeUsage) };
}

async function whole(handlers: CompletionHandlers, { request, choices }: ChatRequest, rpc: Rpc): Promise<Answer> {
  const asked = requestsFor(request, choices).map((one, choice) =>
    handlers.complete(one, rpcFor(rpc, choice, choices)),
  );
  const responses = await Promise.all(asked);
  const [first] = responses;
  const headers = first === undefined ? {} : toldFacts(first);
  return { kind: "whole", body: JSON.stringify(chatCompletion(responses)), headers };
}

/** Each answer is a piece of work of its own: under the one key it is told apart by its number. */
function rpcFor(rpc: Rpc, choice: number, choices: number): Rpc {
  const { idempotency } = rpc;
  return idempotency === undefined || choices === 1
    ? rpc
    : { ...rpc, idempotency: { ...idempotency, choice, choices } };
}
