import { type ClientHttp2Session, connect } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CompleteRequestSchema, StreamCompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { piecesPerStream } from "./answers.ts";
import type { Shape } from "./workload.ts";

/** Connections that the calls are spread over, as a client with a small pool does. */
const sessionsOpen = 4;

const request: MessageInitShape<typeof CompleteRequestSchema> = {
  model: "openai/gpt-4o-mini",
  messages: [
    { role: Role.SYSTEM, content: [{ part: { case: "text", value: "Answer in one sentence." } }] },
    { role: Role.USER, content: [{ part: { case: "text", value: "What are gateways measured by?" } }] },
  ],
  maxOutputTokens: 256,
};
const start = { case: "request", value: create(CompleteRequestSchema, request) } as const;
const unaryFrame = framed(toBinary(CompleteRequestSchema, start.value));
const streamFrame = framed(toBinary(StreamCompleteRequestSchema, create(StreamCompleteRequestSchema, { start })));

/** Calls the gateway over gRPC with messages made beforehand, and counts the messages that come back. */
export class GrpcLoad {
  readonly #sessions: readonly ClientHttp2Session[];
  readonly #headers: Readonly<Record<string, string>>;
  #next = 0;

  constructor(url: string, apiKey: string) {
    this.#sessions = Array.from({ length: sessionsOpen }, () => connect(url));
    this.#headers = {
      ":method": "POST",
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "60S",
      authorization: `Bearer ${apiKey}`,
    };
  }

  /** One call. Rejects when the answer is not complete. */
  call(shape: Shape): Promise<void> {
    const session = this.#sessions[this.#next++ % sessionsOpen] as ClientHttp2Session;
    const method = shape === "unary" ? "Complete" : "StreamComplete";
    const messagesMin = shape === "unary" ? 1 : piecesPerStream + 2;
    return new Promise((resolve, reject) => {
      const counter = new MessageCounter();
      let status: unknown;
      const stream = session.request({ ...this.#headers, ":path": `/llmhub.v1.CompletionService/${method}` });
      stream.on("data", (bytes: Buffer) => counter.push(bytes));
      stream.on("trailers", (trailers) => {
        status = trailers["grpc-status"];
      });
      stream.on("error", reject);
      stream.on("close", () => {
        if (status === "0" && counter.messages >= messagesMin) resolve();
        else reject(new Error(`the gateway answered status ${status} after ${counter.messages} messages`));
      });
      stream.end(shape === "unary" ? unaryFrame : streamFrame);
    });
  }
}

/** Counts gRPC messages by their envelopes, however they are cut. */
class MessageCounter {
  messages = 0;
  #envelopeBytes = 0;
  #length = 0;
  #left = 0;

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        continue;
      }
      this.#length = this.#length * 256 + (bytes[at++] as number);
      if (++this.#envelopeBytes < 5) continue;
      this.messages++;
      this.#left = this.#length;
      this.#length = 0;
      this.#envelopeBytes = 0;
    }
  }
}

/** A message in its envelope. */
export function framed(message: Uint8Array): Buffer {
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  return Buffer.concat([envelope, message]);
}
