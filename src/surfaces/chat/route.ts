import type { CompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rpc } from "../../model/call.ts";
import { addCosts, addUsages } from "../../model/sum.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import { type Answer, always, type Route } from "../route.ts";
import { toldFacts } from "../told-facts.ts";
import { begunFacts } from "../written-events.ts";
import { chatCompletion } from "./answer.ts";
import { type ChatRequest, readChat } from "./request.ts";
import { ChatWriter, chatEvents, requestsFor } from "./stream.ts";
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
  const writer = new ChatWriter(includeUsage);
  return { kind: "streamed", headers: () => begunFacts(writer.begun), events: chatEvents(sources, writer) };
}

async function whole(handlers: CompletionHandlers, { request, choices }: ChatRequest, rpc: Rpc): Promise<Answer> {
  if (choices === 1) return told([await handlers.complete(request, rpc)]);
  const asked = requestsFor(request, choices).map((one, choice) =>
    handlers.complete(one, rpcFor(rpc, choice, choices)),
  );
  return told(await Promise.all(asked));
}

function told(responses: readonly CompleteResponse[]): Answer {
  return { kind: "whole", body: JSON.stringify(chatCompletion(responses)), headers: factsOfAll(responses) };
}

/** What headers tell: who gave the first answer, and what all of them took. */
function factsOfAll(responses: readonly CompleteResponse[]): Record<string, string> {
  const [first] = responses;
  if (first === undefined) return {};
  if (responses.length === 1) return toldFacts(first);
  const usage = addUsages(responses.flatMap(({ usage }) => usage ?? []));
  const cost = addCosts(responses.map(({ cost }) => cost));
  const attemptCount = responses.reduce((sum, { routing }) => sum + (routing?.attemptCount ?? 0), 0);
  const routing = first.routing && { ...first.routing, attemptCount };
  return toldFacts({ id: first.id, routing, usage, cost, warnings: responses.flatMap(({ warnings }) => warnings) });
}

/** Each answer is a piece of work of its own: under the one key it is told apart by its number. */
function rpcFor(rpc: Rpc, choice: number, choices: number): Rpc {
  const { idempotency } = rpc;
  return idempotency === undefined || choices === 1
    ? rpc
    : { ...rpc, idempotency: { ...idempotency, choice, choices } };
}
