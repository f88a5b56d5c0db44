import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CompleteRequestSchema, StreamCompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import type { Target } from "./target.ts";
import type { Shape } from "./workload.ts";

const texts = { system: "Answer in one sentence.", user: "What are gateways measured by?" };
const outputTokens = 256;

/** A call, made beforehand: what is sent is the same every time. */
export interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The calls to a target, each shape made when it is first asked for. */
export function requestsTo(target: Target): (shape: Shape) => Request {
  const made = new Map<Shape, Request>();
  return (shape) => {
    const request = made.get(shape) ?? requestOf(target, shape);
    made.set(shape, request);
    return request;
  };
}

/** @throws Error where the target does not take such calls. */
export function requestOf({ door, model, headers }: Target, shape: Shape): Request {
  const whole = shape === "unary";
  if (door === "grpc") {
    const path = `/llmhub.v1.CompletionService/${whole ? "Complete" : "StreamComplete"}`;
    const message = whole ? wholeMessage(model) : streamMessage(model);
    const grpc = { "content-type": "application/grpc", te: "trailers", "grpc-timeout": "60S" };
    return { path, headers: { ...grpc, ...headers }, body: framed(message) };
  }
  const json = { "content-type": "application/json", ...headers };
  if (door === "http") {
    return { path: "/v1/chat/completions", headers: json, body: Buffer.from(JSON.stringify(chat(model, whole))) };
  }
  if (!whole) throw new Error("Connect is measured with whole answers only");
  const body = Buffer.from(JSON.stringify(connectRequest(model)));
  return { path: "/llmhub.v1.CompletionService/Complete", headers: json, body };
}

function chat(model: string, whole: boolean): object {
  const messages = Object.entries(texts).map(([role, content]) => ({ role, content }));
  const stream = { stream: true, stream_options: { include_usage: true } };
  return { model, messages, max_completion_tokens: outputTokens, ...(!whole && stream) };
}

function connectRequest(model: string): object {
  const messages = [
    { role: "ROLE_SYSTEM", content: [{ text: texts.system }] },
    { role: "ROLE_USER", content: [{ text: texts.user }] },
  ];
  return { model, messages, maxOutputTokens: outputTokens };
}

/** The request as a message. */
export function completeRequest(model: string): MessageInitShape<typeof CompleteRequestSchema> {
  const messages = [
    { role: Role.SYSTEM, content: [{ part: { case: "text" as const, value: texts.system } }] },
    { role: Role.USER, content: [{ part: { case: "text" as const, value: texts.user } }] },
  ];
  return { model, messages, maxOutputTokens: outputTokens };
}

function wholeMessage(model: string): Uint8Array {
  return toBinary(CompleteRequestSchema, create(CompleteRequestSchema, completeRequest(model)));
}

function streamMessage(model: string): Uint8Array {
  const start = { case: "request" as const, value: create(CompleteRequestSchema, completeRequest(model)) };
  return toBinary(StreamCompleteRequestSchema, create(StreamCompleteRequestSchema, { start }));
}

/** A message in the envelope of gRPC. */
export function framed(message: Uint8Array): Buffer {
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  return Buffer.concat([envelope, message]);
}
