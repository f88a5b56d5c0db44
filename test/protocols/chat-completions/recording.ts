import { readdirSync, readFileSync } from "node:fs";
import { create, fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  CompleteResponseSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../../src/model/call.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import { Fold } from "../../../src/model/fold.ts";
import type { ModelFacts } from "../../../src/model/target.ts";
import { readChat } from "../../../src/protocols/chat-completions/read.ts";
import { rpcWith } from "../../support/rpc.ts";

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

const unknown: ModelFacts = {
  type: "completion",
  contextWindow: 0,
  maxOutputTokens: 0,
  dimensions: 0,
  retireTimeMs: 0,
  inputModalities: [],
  outputModalities: [],
  features: new Set(),
  priceList: undefined,
};

/** An attempt at `model` of the provider "openai"; `request` is in the JSON form of the API. */
export function attemptOf(request: JsonObject, stream: boolean, provider = "openai"): Attempt {
  const message = fromJson(CompleteRequestSchema, request);
  return attemptWith(message, stream, provider);
}

function attemptWith(request: CompleteRequest, stream: boolean, provider: string): Attempt {
  const model = request.model.slice(request.model.indexOf("/") + 1);
  const rpc = rpcWith({ requestId: "request-1", deadlineMs: 1000 });
  const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
  return {
    call: { id: "cmpl-1", rpc, request, stream },
    target: {
      provider: { id: provider, displayName: provider, models: new Map(), defaultModel: undefined, timeouts },
      model,
      selector: `${provider}/${model}`,
      facts: unknown,
    },
    policy: "",
    failures: [],
    timeouts,
    freshConnection: false,
  };
}

/** An attempt at nothing in particular. */
export function anyAttempt(stream: boolean): Attempt {
  return attemptWith(create(CompleteRequestSchema, { model: "openai/gpt-x", input: "hi" }), stream, "openai");
}

/** The chunks that a body brings when it arrives in these pieces. */
export function chunksOf(attempt: Attempt, pieces: readonly Buffer[]): Chunk[] {
  const reader = readChat(attempt);
  const out: Chunk[] = [];
  for (const piece of pieces) reader.push(piece, out);
  reader.end(out);
  return out;
}

/** The whole answer that chunks amount to, in the JSON form of the API. */
export function folded(chunks: readonly Chunk[]): JsonValue {
  const fold = new Fold();
  for (const chunk of chunks) fold.add(chunk);
  return toJson(CompleteResponseSchema, fold.response());
}
