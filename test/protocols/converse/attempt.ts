import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { type CompleteRequest, CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { catalogOf } from "../../../src/catalog/catalog.ts";
import { unknownFacts } from "../../../src/catalog/facts.ts";
import type { Attempt } from "../../../src/model/call.ts";
import { countedConverse } from "../../../src/protocols/converse/protocol.ts";
import { encodeEvent } from "../../../src/stream/event-stream-encoder.ts";
import { attemptAt } from "../../support/attempt.ts";
import { errorOf, folded, piecesOf } from "../../support/dialect.ts";

/** Models by what is peculiar to them. */
export const models = {
  /** Thinks by budget; keeps a schema by a tool only. */
  claude37: "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
  /** Thinks by effort, keeps a schema. */
  claude46: "global.anthropic.claude-opus-4-6-v1",
  nova: "us.amazon.nova-2-lite-v1:0",
  gptOss: "openai.gpt-oss-120b-1:0",
  /** Of which nothing is known. */
  profile: "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123def456",
} as const;

/** An attempt at a model of Bedrock, with the facts of the catalogue. */
export function attemptOf(json: JsonObject, model: string = models.profile, stream = false): Attempt {
  return attemptFor(fromJson(CompleteRequestSchema, json), model, stream);
}

/** The same for a request that is one already. */
export function attemptFor(request: CompleteRequest, model: string, stream: boolean): Attempt {
  const facts = catalogOf("bedrock").get(model) ?? unknownFacts;
  return attemptAt({ kind: "bedrock", model, facts }, request, stream);
}

export const bodyOf = (json: JsonObject, model?: string) => countedConverse.render(attemptOf(json, model)).body;

/** "CODE field" of each warning. */
export const warningsOf = (json: JsonObject, model?: string) =>
  countedConverse.render(attemptOf(json, model)).warnings.map(({ code, field }) => `${code} ${field}`);

/** The GatewayError that `run` throws, as reason, field and cause. */
export function refusalOf(run: () => unknown): string {
  const { reason, info } = errorOf(run);
  return `${reason} ${info["field"] ?? info["cause"] ?? ""}`;
}

/** One event of a stream. */
export function event(type: string, payload: object): Buffer {
  const headers = { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
  return encodeEvent(headers, Buffer.from(JSON.stringify(payload)));
}

/** An exception within a stream. */
export function exception(type: string, payload: object): Buffer {
  const headers = { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" };
  return encodeEvent(headers, Buffer.from(JSON.stringify(payload)));
}

export const delta = (contentBlockIndex: number, piece: object) =>
  event("contentBlockDelta", { contentBlockIndex, delta: piece });
export const start = (contentBlockIndex: number, piece: object) =>
  event("contentBlockStart", { contentBlockIndex, start: piece });
export const stop = (contentBlockIndex: number) => event("contentBlockStop", { contentBlockIndex });

/** How a stream ends. */
export const ending = (stopReason = "end_turn", metadata: object = {}) => [
  event("messageStop", { stopReason }),
  event("metadata", {
    usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 },
    metrics: { latencyMs: 7 },
    ...metadata,
  }),
];

/** The body of a whole answer. */
export function whole(content: readonly object[], more: object = {}): Buffer {
  const message = { role: "assistant", content };
  const rest = {
    stopReason: "end_turn",
    usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 },
    metrics: { latencyMs: 7 },
  };
  return Buffer.from(JSON.stringify({ output: { message }, ...rest, ...more }));
}

/** The answer that the events of a stream make. */
export const streamed = (events: readonly Buffer[], json: JsonObject = { input: "hi" }, model?: string) =>
  folded(piecesOf(countedConverse.read(attemptOf(json, model, true)), [Buffer.concat(events)]));

/** The answer that a body makes. */
export const answered = (body: Buffer, json: JsonObject = { input: "hi" }, model?: string) =>
  folded(piecesOf(countedConverse.read(attemptOf(json, model)), [body]));

/** What reading these pieces ends with, as `refusalOf` tells it. */
export const failing = (pieces: readonly Buffer[], stream = true): string =>
  refusalOf(() => piecesOf(countedConverse.read(attemptOf({ input: "hi" }, undefined, stream)), pieces));
