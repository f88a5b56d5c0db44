import { readdirSync, readFileSync } from "node:fs";
import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../../src/model/call.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import { readChat } from "../../../src/protocols/chat-completions/read.ts";
import { completionOf, piecesOf, folded as responseOf } from "../../support/dialect.ts";

const folder = new URL("../../fixtures/openai/", import.meta.url);

/** One recorded exchange, with the call that leads to it and the answer that the gateway gives. */
interface Recording {
  readonly name: string;
  readonly meta: { readonly status: number; readonly response_headers: Record<string, string> };
  readonly call: { readonly stream: boolean; readonly request: JsonObject };
  readonly request: JsonObject;
  /** The bytes of the answer. */
  readonly body: Buffer;
  readonly expected: { readonly response?: JsonValue; readonly error?: Record<string, JsonValue> };
}

/** Every recorded exchange in the dialect. */
export const recordings: readonly Recording[] = readdirSync(folder)
  .filter((name) => name.startsWith("chat-"))
  .map(load);

function load(name: string): Recording {
  const at = (file: string) => new URL(`${name}/${file}`, folder);
  const json = (file: string) => JSON.parse(readFileSync(at(file), "utf8"));
  const call = json("call.json");
  const isStream = call.stream && json("meta.json").status === 200;
  return {
    name,
    meta: json("meta.json"),
    call,
    request: json("request.json"),
    body: readFileSync(at(isStream ? "stream.sse" : "response.json")),
    expected: json("expected.json"),
  };
}

/** An attempt at `model` of the provider "openai"; `request` is in the JSON form of the API. */
export function attemptOf(request: JsonObject, stream: boolean, provider = "openai"): Attempt {
  const { model = "" } = request as { model?: string };
  return completionOf(request, { provider, model: model.slice(model.indexOf("/") + 1), stream });
}

/** An attempt at nothing in particular. */
export function anyAttempt(stream: boolean): Attempt {
  return attemptOf({ model: "openai/gpt-x", input: "hi" }, stream);
}

/** The chunks that a body brings when it arrives in these pieces. */
export function chunksOf(attempt: Attempt, pieces: readonly Buffer[]): Chunk[] {
  return piecesOf(readChat(attempt), pieces);
}

/** The whole answer that chunks amount to, in the JSON form of the API. */
export function folded(chunks: readonly Chunk[]): JsonValue {
  return toJson(CompleteResponseSchema, responseOf(chunks));
}
