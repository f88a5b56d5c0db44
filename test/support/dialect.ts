import {
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import {
  CompleteRequestSchema,
  type CompleteResponse,
  CompleteResponseSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { factsOf } from "../../src/catalog/facts.ts";
import type { Asked, Attempt } from "../../src/model/call.ts";
import type { Chunk } from "../../src/model/chunk.ts";
import { GatewayError } from "../../src/model/error.ts";
import { Fold } from "../../src/model/fold.ts";
import type { Failure, Protocol, Reader } from "../../src/model/protocol.ts";
import type { Piece } from "../../src/model/reply.ts";
import type { ModelFacts } from "../../src/model/target.ts";
import { attemptAt } from "./attempt.ts";

/** Facts of a model of which nothing is known but that it completes. */
const nothingKnown: ModelFacts = { ...factsOf({}, ""), inputModalities: [], outputModalities: [] };

/** What an attempt in a test is about, besides the request. */
export interface Aim {
  readonly provider?: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly facts?: Partial<ModelFacts>;
}

/** An attempt at a model of which nothing is known, but for what is given. */
export function attemptFromJson<Desc extends DescMessage>(schema: Desc, json: JsonObject, aim: Aim = {}) {
  const { provider: kind = "p", model = "m", stream = false, facts } = aim;
  const request = fromJson(schema, json) as MessageShape<Desc> & Asked;
  return attemptAt({ kind, model, facts: { ...nothingKnown, ...facts } }, request, stream);
}

/** An attempt at a completion. */
export function completionOf(json: JsonObject, aim: Aim = {}): Attempt {
  return attemptFromJson(CompleteRequestSchema, json, aim);
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
  return toJson(CompleteResponseSchema, folded(piecesOf(protocol.read(attempt), reads)));
}

/** The answer that chunks add up to. */
export function folded(chunks: readonly Chunk[]): CompleteResponse {
  const fold = new Fold();
  for (const chunk of chunks) fold.add(chunk);
  return fold.response();
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
