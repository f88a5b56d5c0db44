import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { factsOf } from "../../../src/catalog/facts.ts";
import type { Attempt } from "../../../src/model/call.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import { responses } from "../../../src/protocols/responses/protocol.ts";
import { attemptAt } from "../../support/attempt.ts";
import { piecesOf } from "../../support/dialect.ts";
import { pieces } from "../../support/pieces.ts";

/** Facts of a model of which nothing is known. */
export const unknown = factsOf({}, "");
/** Facts of a model that reasons. */
export const thinker = factsOf({ features: ["reasoning", "tools"] }, "");
/** Facts of one that does not. */
export const talker = factsOf({ features: ["tools"] }, "");

/** An attempt at a model of the provider "acme"; the request is in the JSON form of the API. */
export function attemptOf(request: JsonObject, stream = false, facts = unknown): Attempt {
  const message = fromJson(CompleteRequestSchema, { input: "hi", ...request });
  return attemptAt({ kind: "acme", model: "m-1", facts }, message, stream);
}

/** The request as it goes out, and its warnings as "CODE path". */
export function render(request: JsonObject, facts = unknown, stream = false) {
  const { body, path, warnings } = responses.render(attemptOf(request, stream, facts));
  const json: Readonly<Record<string, JsonValue>> = JSON.parse(JSON.stringify(body));
  return { path, body: json, warnings: warnings.map(({ code, field }) => `${code} ${field}`) };
}

/** The items of a conversation, and the warnings. */
export function itemsOf(messages: JsonValue, more: JsonObject = {}, facts = unknown) {
  const { body, warnings } = render({ input: "", messages, ...more }, facts);
  return { items: body["input"] as JsonObject[], warnings };
}

/** The chunks of an answer, cut at these places. */
export function chunksOf(
  body: Buffer,
  stream: boolean,
  cuts: readonly number[] = [],
  request: JsonObject = {},
): Chunk[] {
  return piecesOf(responses.read(attemptOf(request, stream)), pieces(body, cuts));
}

/** Events as a server sends them. */
export function streamed(...events: readonly JsonObject[]): Buffer {
  return Buffer.from(events.map((event) => `event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
}

/** A response that is complete. */
export function completed(output: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return { id: "resp_1", object: "response", status: "completed", model: "m-2", output: [...output], ...more };
}

/** The same in one body. */
export function whole(output: readonly JsonObject[], more: JsonObject = {}): Buffer {
  return Buffer.from(JSON.stringify(completed(output, more)));
}
