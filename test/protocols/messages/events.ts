import { toJson } from "@bufbuild/protobuf";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import { folded } from "../../support/dialect.ts";
import { attemptOf, requestOf } from "./cases.ts";

const request = requestOf({ input: "hi" });
export const streaming = attemptOf(request, true);
export const whole = attemptOf(request);

export const jsonOf = (chunks: readonly Chunk[]) => toJson(CompleteResponseSchema, folded(chunks));

export const bytes = (text: string) => Buffer.from(text);

export const sse = (...events: object[]) =>
  Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));

export const start = {
  type: "message_start",
  message: { model: "claude-test-1", usage: { input_tokens: 5, output_tokens: 1 } },
};

export const open = (index: number, block: object) => ({ type: "content_block_start", index, content_block: block });

export const grow = (index: number, delta: object) => ({ type: "content_block_delta", index, delta });

export const close = (index: number) => ({ type: "content_block_stop", index });

export const ending = (reason: string, more: object = {}) => ({
  type: "message_delta",
  delta: { stop_reason: reason, stop_sequence: null, ...more },
  usage: { output_tokens: 7 },
});

export const end = { type: "message_stop" };

export const text = { type: "text", text: "" };

export const say = (index: number, words: string) => grow(index, { type: "text_delta", text: words });
