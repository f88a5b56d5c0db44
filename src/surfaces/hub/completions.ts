import {
  CompleteRequestSchema,
  CompleteResponseSchema,
  type StreamCompleteRequest,
  StreamCompleteRequestSchema,
  StreamCompleteResponseSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import { GatewayError } from "../../model/error.ts";
import { objectOf } from "../../protocols/field.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import type { EventStream } from "../../services/event-stream.ts";
import { always, type Route } from "../route.ts";
import { protoJsonText, readProtoJson } from "./proto-json.ts";
import { hubWords } from "./words.ts";

/** Completions in the hub's own JSON: the ProtoJSON of CompleteRequest in, CompleteResponse or its events out. */
export function completionRoutes(handlers: CompletionHandlers): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/v1/completions",
      chained: true,
      words: always(hubWords),
      read: ({ value }) => {
        refuseLegacy(value);
        const request = readProtoJson(CompleteRequestSchema, value);
        return async (rpc) => {
          const response = await handlers.complete(request, rpc);
          return { kind: "whole", body: protoJsonText(CompleteResponseSchema, response) };
        };
      },
    },
    {
      method: "POST",
      path: "/v1/stream",
      chained: true,
      words: always(hubWords),
      read: ({ value }) => {
        const request = readStart(value);
        return async (rpc) => ({ kind: "streamed", events: eventsOf(handlers.streamComplete(request, rpc)) });
      },
    },
  ];
}

/** A StreamCompleteRequest, or for short the CompleteRequest in it. */
function readStart(value: unknown): StreamCompleteRequest {
  const body = objectOf(value) ?? {};
  const isWhole = "request" in body || "resume" in body;
  return readProtoJson(StreamCompleteRequestSchema, isWhole ? value : { request: value });
}

/** OpenAI's completions before chat had this path. */
function refuseLegacy(value: unknown): void {
  if (!("prompt" in (objectOf(value) ?? {}))) return;
  throw new GatewayError(
    "INVALID_REQUEST",
    "this path takes the hub's own JSON, with input or messages; OpenAI's prompt completions are not served - " +
      "use POST /v1/chat/completions",
  );
}

/** Each event as the data of one, its sequence number as the id. */
async function* eventsOf(events: EventStream): AsyncGenerator<string> {
  let sequence = events.after;
  try {
    for await (const batch of events) {
      if (events.keeps) events.encode(batch);
      let text = "";
      for (const event of batch) {
        // Heartbeats have no place in the sequence: they are not replayed.
        const isNumbered = event.case !== "heartbeat";
        const message = {
          $typeName: StreamCompleteResponseSchema.typeName,
          sequence: isNumbered ? ++sequence : 0,
          event,
        };
        const data = protoJsonText(StreamCompleteResponseSchema, message);
        text += isNumbered ? `id: ${sequence}\ndata: ${data}\n\n` : `data: ${data}\n\n`;
      }
      yield text;
    }
  } finally {
    // Also after a failure, of which a loop does not tell its source.
    await events.return();
  }
}
