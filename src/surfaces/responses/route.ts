import type { Rpc } from "../../model/call.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import { type Answer, always, type Route } from "../route.ts";
import { toldFacts } from "../told-facts.ts";
import { begunFacts, WrittenEvents } from "../written-events.ts";
import { responseOf } from "./answer.ts";
import { ResponseEvents } from "./events.ts";
import { type ResponsesRequest, readResponses } from "./request.ts";
import { responsesWords } from "./words.ts";

/** OpenAI's Responses, whatever the provider behind. Answers are not stored. */
export function responsesRoute(handlers: CompletionHandlers): Route {
  return {
    method: "POST",
    path: "/v1/responses",
    chained: true,
    words: always(responsesWords),
    read: (body) => {
      const asked = readResponses(body);
      return asked.body.stream === true
        ? async (rpc) => streamed(handlers, asked, rpc)
        : (rpc) => whole(handlers, asked, rpc);
    },
  };
}

function streamed(handlers: CompletionHandlers, { request, body }: ResponsesRequest, rpc: Rpc): Answer {
  const writer = new ResponseEvents(body);
  return {
    kind: "streamed",
    headers: () => begunFacts(writer.begun),
    events: new WrittenEvents(handlers.events(request, rpc), writer),
    broken: (error) => writer.broken(error),
  };
}

async function whole(handlers: CompletionHandlers, { request, body }: ResponsesRequest, rpc: Rpc): Promise<Answer> {
  const response = await handlers.complete(request, rpc);
  return { kind: "whole", body: JSON.stringify(responseOf(response, body)), headers: toldFacts(response) };
}
