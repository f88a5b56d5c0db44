import { Buffer } from "node:buffer";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import type { GatewayError } from "../../model/error.ts";
import type { Protocol, Reader, Rendered } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { fault, faultWithin } from "../converse/fault.ts";
import { baseModelOf, modelPath } from "../converse/model-id.ts";
import { readCount } from "../converse/protocol.ts";
import { type EventStreamAnswer, EventStreamReader } from "../event-stream-reader.ts";
import { parseObject } from "../field.ts";
import { addressOf } from "../media-source.ts";
import { messages } from "../messages/protocol.ts";
import { StreamAnswer } from "../messages/read.ts";
import { refuseMedia } from "./media.ts";
import { tierHeader } from "./tier.ts";

/** The version of Anthropic's API that Bedrock speaks. */
const version = "bedrock-2023-05-31";

/** Anthropic's own dialect in the envelope of InvokeModel and InvokeModelWithResponseStream. */
export const invokedClaude: Protocol = {
  name: "anthropic-invoke",
  render,
  read: (attempt): Reader =>
    attempt.call.stream ? new EventStreamReader(new ChunkedAnswer(attempt)) : messages.read(attempt),
  fault,
  fetches: (media) => addressOf(media) !== undefined,
};

/** The same, for models whose tokens Bedrock counts. */
export const countedClaude: Protocol = { ...invokedClaude, count: { render: renderCount, read: readCount } };

function render(attempt: Attempt): Rendered {
  const { body, headers, warnings } = bodyOf(attempt);
  const operation = attempt.call.stream ? "invoke-with-response-stream" : "invoke";
  return { path: modelPath(attempt.target.model, operation), body, headers, warnings };
}

/** Counting takes the whole body as bytes, and models by their own ids only. */
function renderCount(attempt: Attempt): Rendered {
  const { body, warnings } = bodyOf(attempt);
  const path = modelPath(baseModelOf(attempt.target.model), "count-tokens");
  const bytes = Buffer.from(JSON.stringify(body)).toString("base64");
  return { path, body: { input: { invokeModel: { body: bytes } } }, warnings };
}

/** The model is in the path, whether it streams too; the version and beta features are in the body. */
function bodyOf(attempt: Attempt): Omit<Required<Rendered<JsonObject>>, "path"> {
  refuseMedia(attempt);
  const { call } = attempt;
  const { tier, warnings: ofTier } = tierHeader(attempt);
  const untiered = { ...attempt, call: { ...call, request: { ...call.request, serviceTier: "" } } };
  const { body, headers = {}, warnings } = messages.render(untiered);
  const { model: _model, stream: _stream, ...prompt } = body;
  const betas = headers["anthropic-beta"];
  return {
    body: {
      anthropic_version: version,
      ...(betas === undefined ? {} : { anthropic_beta: betas.split(",") }),
      ...(prompt as object),
    },
    headers: tier,
    warnings: [...warnings, ...ofTier],
  };
}

/** Events of Anthropic's stream, each as bytes within an event of AWS's. */
class ChunkedAnswer implements EventStreamAnswer {
  readonly #attempt: Attempt;
  readonly #answer: StreamAnswer;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#answer = new StreamAnswer(attempt);
  }

  get model(): string {
    return this.#answer.model;
  }

  get isEnding(): boolean {
    return this.#answer.isEnding;
  }

  take(type: string, payload: string, out: Chunk[]): boolean {
    if (type !== "chunk") return false;
    const bytes = parseObject(payload)?.["bytes"];
    if (typeof bytes !== "string") throw badResponse("bad_chunk", "sent a chunk without bytes");
    return this.#answer.take("", Buffer.from(bytes, "base64").toString(), out);
  }

  finish(out: Chunk[]): void {
    this.#answer.finish(out);
  }

  refused(type: string, payload: string): GatewayError {
    return faultWithin(this.#attempt, type, payload);
  }
}
