import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CompleteRequestSchema,
  StreamCompleteRequestSchema,
  StreamCompleteResponseSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { framed } from "../bench/request.ts";
import { Envelopes } from "./envelopes.ts";
import { dueDigits, dueMark } from "./piece.ts";
import type { Ending } from "./tally.ts";

/** Connections for each key: callers are many, and one connection may have a thousand calls. */
const sessionsPerKey = 16;

const place = "0".repeat(dueDigits);
const text = `What are gateways measured by? ${dueMark}${place}`;
const request = create(CompleteRequestSchema, {
  model: "openai/gpt-4o-mini",
  messages: [
    { role: Role.SYSTEM, content: [{ part: { case: "text", value: "Answer in one sentence." } }] },
    { role: Role.USER, content: [{ part: { case: "text", value: text } }] },
  ],
  maxOutputTokens: 256,
});
const start = { case: "request", value: request } as const;
const frames = {
  Complete: framed(toBinary(CompleteRequestSchema, request)),
  StreamComplete: framed(toBinary(StreamCompleteRequestSchema, create(StreamCompleteRequestSchema, { start }))),
};

/** A call of the gateway that is under way. */
export interface Running {
  readonly ending: Promise<Ending>;
  cancel(): void;
}

/** Calls the gateway over gRPC, with messages made beforehand but for the deadline that stands in their text. */
export class GatewayCalls {
  readonly #sessions: readonly ClientHttp2Session[];
  readonly #headers: Readonly<Record<string, string>>;
  #next = 0;

  constructor(url: string, apiKey: string) {
    this.#sessions = Array.from({ length: sessionsPerKey }, () => connect(url).on("error", () => undefined));
    this.#headers = {
      ":method": "POST",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${apiKey}`,
    };
  }

  /** `ending` never rejects. */
  whole(timeoutMs: number): Running {
    const stream = this.#open("Complete", timeoutMs);
    stream.resume();
    return { ending: endingOf(stream, () => undefined), cancel: () => stream.close() };
  }

  /** @param piece is told of each piece of text. `ending` never rejects. */
  stream(timeoutMs: number, piece: (text: string) => void): Running {
    const startMs = performance.now();
    let firstMs: number | undefined;
    const stream = this.#open("StreamComplete", timeoutMs);
    const envelopes = new Envelopes((message) => {
      const { event } = fromBinary(StreamCompleteResponseSchema, message);
      if (event.case !== "partDelta" || event.value.delta.case !== "text") return;
      firstMs ??= performance.now() - startMs;
      piece(event.value.delta.value);
    });
    stream.on("data", (bytes: Buffer) => envelopes.push(bytes));
    return { ending: endingOf(stream, () => firstMs), cancel: () => stream.close() };
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #open(method: keyof typeof frames, timeoutMs: number): ClientHttp2Stream {
    const session = this.#sessions[this.#next++ % sessionsPerKey] as ClientHttp2Session;
    const path = `/llmhub.v1.CompletionService/${method}`;
    const stream = session.request({ ...this.#headers, ":path": path, "grpc-timeout": `${timeoutMs}m` });
    stream.end(dated(frames[method], Date.now() + timeoutMs));
    return stream;
  }
}

function endingOf(stream: ClientHttp2Stream, firstMs: () => number | undefined): Promise<Ending> {
  return new Promise((resolve) => {
    let trailers: IncomingHttpHeaders = {};
    // A refusal comes without a body: its only headers are its trailers.
    const take = (headers: IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) trailers = headers;
    };
    stream.on("response", take).on("trailers", take);
    stream.on("error", () => undefined);
    stream.on("close", () => {
      const status = trailers["grpc-status"] as string | undefined;
      resolve({ status, saysWhen: status !== "0" && saysWhen(trailers), firstMs: firstMs() });
    });
  });
}

/** Of details by their text: a gateway with too many calls gives the same few again and again. */
const known = new Map<string, boolean>();
const knownMax = 1000;

function saysWhen({ "grpc-status-details-bin": details }: IncomingHttpHeaders): boolean {
  const text = `${details ?? ""}`;
  let says = known.get(text);
  if (says === undefined) {
    says = Buffer.from(text, "base64").includes("type.googleapis.com/google.rpc.RetryInfo");
    if (known.size < knownMax) known.set(text, says);
  }
  return says;
}

function dated(frame: Buffer, dueMs: number): Buffer {
  const copy = Buffer.from(frame);
  copy.write(`${dueMs}`, frame.indexOf(place), "latin1");
  return copy;
}
