import {
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { CompleteRequestSchema, CompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../src/model/call.ts";
import type { Chunk } from "../../src/model/chunk.ts";
import { GatewayError } from "../../src/model/error.ts";
import { Fold } from "../../src/model/fold.ts";
import type { Failure, Protocol, Reader } from "../../src/model/protocol.ts";
import type { Piece } from "../../src/model/reply.ts";
import type { ModelFacts } from "../../src/model/target.ts";
import { rpcWith } from "./rpc.ts";

/** What an attempt in a test is about, besides the request. */
export interface Aim {
  readonly provider?: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly facts?: Partial<ModelFacts>;
}

/** An attempt at a model of which nothing is known, but for what is given. */
export function attemptAt<Desc extends DescMessage>(schema: Desc, json: JsonObject, aim: Aim = {}) {
  const { provider: id = "p", model = "m", stream = false, facts = {} } = aim;
  const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
  const known: ModelFacts = {
    type: "completion",
    contextWindow: 0,
    maxOutputTokens: 0,
    dimensions: 0,
    retireTimeMs: 0,
    inputModalities: [],
    outputModalities: [],
    features: new Set(),
    priceList: undefined,
    ...facts,
  };
  return {
    call: { id: "c", rpc: rpcWith(), request: fromJson(schema, json) as MessageShape<Desc>, stream },
    target: {
      provider: { id, displayName: "", models: new Map(), defaultModel: undefined, timeouts },
      model,
      selector: `${id}/${model}`,
      facts: known,
    },
    policy: "",
    failures: [],
    timeouts,
    freshConnection: false,
  };
}

/** An attempt at a completion. */
export function completionOf(json: JsonObject, aim: Aim = {}): Attempt {
  return attemptAt(CompleteRequestSchema, json, aim);
}

/** "CODE field" of each warning. */
export function warningsOf(protocol: Protocol, json: JsonObject, aim: Aim = {}): string[] {
  return protocol.render(completionOf(json, aim)).warnings.map(({ code, field }) => `${code} ${field}`);
}

/** The pieces of an answer that arrives in these reads. */
export function piecesOf<Value>(reader: Reader<Value>, reads: readonly Buffer[]): Piece<Value>[] {
  const out: Piece<Value>[] = [];
  for (const read of reads) reader.push(read, out);
  reader.end(out);
  return out;
}

/** The whole answer that a body amounts to, in the JSON form of the API. */
export function answerOf(protocol: Protocol, attempt: Attempt, reads: readonly Buffer[]): JsonValue {
  const fold = new Fold();
  for (const chunk of piecesOf(protocol.read(attempt), reads)) fold.add(chunk satisfies Chunk);
  return toJson(CompleteResponseSchema, fold.response());
}

/** The GatewayError that `run` throws. */
export function errorOf(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** A response that is no answer. */
export function failureOf(status: number, body: string | object, more: Partial<Failure> = {}): Failure {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { provider: "p", model: "m", modelDeclared: true, status, headers: {}, body: text, ...more };
}
