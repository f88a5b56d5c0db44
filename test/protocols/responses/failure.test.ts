import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { responses } from "../../../src/protocols/responses/protocol.ts";
import { folded } from "../../support/dialect.ts";
import { attemptOf, chunksOf, completed, streamed } from "./asking.ts";
import { end, events, usage } from "./script.ts";

describe("what is no answer", () => {
  const fails = (body: Buffer | string, stream: boolean, failure: object) =>
    expect(() => chunksOf(Buffer.from(body), stream)).toThrow(expect.objectContaining(failure));

  test.each(events.map((_, at) => at))("a stream that breaks off after event %i", (at) => {
    fails(streamed(...events.slice(0, at + 1)), true, { reason: "STREAM_INTERRUPTED", info: { cause: "truncated" } });
  });

  test("a marker of another dialect does not end a stream", () => {
    fails(`${streamed(...events)}data: [DONE]\n\n`, true, { reason: "STREAM_INTERRUPTED" });
  });

  test.each([
    ["rate_limit_exceeded", "PROVIDER_RATE_LIMITED"],
    ["insufficient_quota", "PROVIDER_QUOTA_EXHAUSTED"],
    ["server_error", "PROVIDER_UNAVAILABLE"],
    ["context_length_exceeded", "CONTEXT_LENGTH_EXCEEDED"],
    ["invalid_prompt", "PROVIDER_CONTENT_FILTERED"],
    ["bio_policy", "PROVIDER_CONTENT_FILTERED"],
    ["image_content_policy_violation", "PROVIDER_CONTENT_FILTERED"],
    ["image_parse_error", "PROVIDER_INVALID_REQUEST"],
    ["failed_to_download_image", "PROVIDER_INVALID_REQUEST"],
    ["vector_store_timeout", "PROVIDER_TIMEOUT"],
    ["something_new", "PROVIDER_UNAVAILABLE"],
  ])("an error with the code %s is %s in every form", (code, reason) => {
    const error = { code, message: "m" };
    const told = { reason, upstream: { status: 200, code, requestId: "" } };
    fails(streamed({ type: "error", ...error, param: null }), true, told);
    fails(streamed({ type: "error", error }), true, told);
    fails(`data: ${JSON.stringify({ error })}\n\n`, true, told);
    fails(JSON.stringify({ error }), true, told);
    const failed = completed([], { status: "failed", error });
    fails(streamed({ type: "response.failed", response: failed }), true, told);
    fails(JSON.stringify(failed), false, told);
    fails(JSON.stringify({ error }), false, told);
  });

  test("a failure tells what was used all the same", () => {
    const response = completed([], { status: "failed", error: { code: "server_error", message: "m" }, usage });
    const out: Chunk[] = [];
    const reader = responses.read(attemptOf({}, true));
    expect(() => reader.push(streamed({ type: "response.failed", response }), out)).toThrow("the provider failed");
    expect(out).toMatchObject([{ case: "usage", value: { usage: { inputTokens: 9, outputTokens: 7 } } }]);
  });

  test.each([
    ["", "empty"],
    ["[]", "bad_json"],
    ["{}", "not_complete"],
    ['{"status":"in_progress"}', "not_complete"],
    ['{"status":"cancelled","output":[]}', "not_complete"],
    ['{"status":"completed","output":[{"type":"function_call"}]}', "tool_call_without_name"],
    ['{"status":"completed","output":[7]}', "bad_item"],
    [JSON.stringify(completed(Array.from({ length: 1025 }, () => ({ type: "x" })))), "parts_limit"],
  ])("the body %.40s", (body, cause) => {
    fails(body, false, { reason: "PROVIDER_BAD_RESPONSE", info: { cause } });
  });

  test.each([
    ["", "empty"],
    ["<html>", "not_sse"],
    ["data: x\n\n", "bad_json"],
    ['data: {"type":"response.completed"}\n\n', "no_response"],
    ['data: {"type":"response.output_item.done"}\n\n', "no_item"],
    [`${streamed({ type: "response.function_call_arguments.delta", delta: "{" }, end)}`, "tool_call_without_name"],
  ])("the stream %.60s", (body, cause) => {
    fails(body, true, { reason: "PROVIDER_BAD_RESPONSE", info: { cause } });
  });

  test("any number of items is refused before it is kept", () => {
    const many = Array.from({ length: 1025 }, (_, at) => ({
      type: "response.output_item.added",
      output_index: at,
      item: { type: "message" },
    }));
    fails(streamed(...many), true, { info: { cause: "parts_limit" } });
  });

  test("any events in any order are an answer or a typed error", () => {
    const some = fc.constantFrom<JsonObject>(...events, end, { type: "response.refusal.delta", delta: "No" });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (order) => {
        try {
          folded(chunksOf(streamed(...order), true));
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});
