import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claudeCli } from "../../../src/protocols/claude-cli/protocol.ts";
import { answerOf, completionOf, errorOf, piecesOf } from "../../support/dialect.ts";
import { pieces } from "../../support/pieces.ts";

const attempt = (json: JsonObject = {}) => completionOf({ input: "Hi", ...json }, { provider: "claude-cli" });
const lines = (...list: readonly object[]) => Buffer.from(list.map((line) => `${JSON.stringify(line)}\n`).join(""));
const event = (value: object, parent: string | null = null) => ({
  type: "stream_event",
  event: value,
  parent_tool_use_id: parent,
});
const begin = event({ type: "message_start", message: { model: "m-2", usage: { input_tokens: 3 } } });
const block = (index: number, value: object) => event({ type: "content_block_start", index, content_block: value });
const grow = (index: number, delta: object) => event({ type: "content_block_delta", index, delta });
const close = (index: number) => event({ type: "content_block_stop", index });
const ending = (stopReason: string) => [
  event({ type: "message_delta", delta: { stop_reason: stopReason }, usage: { output_tokens: 5 } }),
  event({ type: "message_stop" }),
];
const text = [block(0, { type: "text", text: "" }), grow(0, { type: "text_delta", text: "grüße 😀" }), close(0)];
const usage = { input_tokens: 30, cache_read_input_tokens: 4, output_tokens: 6 };
const result = { type: "result", subtype: "success", is_error: false, total_cost_usd: 0.5, usage };

const full = lines(
  { type: "system", subtype: "init", model: "m" },
  begin,
  block(0, { type: "thinking", thinking: "", signature: "" }),
  grow(0, { type: "thinking_delta", thinking: "hm" }),
  grow(0, { type: "signature_delta", signature: "c2ln" }),
  close(0),
  { type: "assistant", message: { content: [{ type: "text", text: "twice?" }] } },
  event({ type: "message_start", message: { model: "agent" } }, "toolu_1"),
  block(1, { type: "text", text: "" }),
  grow(1, { type: "text_delta", text: "grüße 😀" }),
  close(1),
  { type: "something new" },
  ...ending("end_turn"),
  { ...result, session_id: "s" },
  { type: "late" },
);

const read = (bytes: Buffer) => answerOf(claudeCli, attempt(), [bytes]);
const failure = (...list: readonly object[]) => errorOf(() => read(lines(...list)));

describe("an answer", () => {
  test("is the same however it is cut", () => {
    const expected = read(full);
    expect(expected).toMatchObject({
      message: {
        content: [{ reasoning: { text: "hm" }, signature: { value: "c2ln" } }, { text: "grüße 😀" }],
      },
      finishReason: "FINISH_REASON_STOP",
      usage: { inputTokens: 34, cacheReadTokens: 4, outputTokens: 6 },
      providerMetadata: { "claude-cli": { total_cost_usd: 0.5, session_id: "s" } },
    });
    fc.assert(
      fc.property(fc.array(fc.nat()), (places) => {
        expect(answerOf(claudeCli, attempt(), pieces(full, places))).toEqual(expected);
      }),
    );
    const reader = claudeCli.read(attempt());
    piecesOf(reader, [full]);
    expect([reader.model, reader.isUnwanted]).toEqual(["m-2", false]);
  });

  test.each(["max_tokens", "model_context_window_exceeded"])("that %s cut is over, whatever follows", (reason) => {
    const reader = claudeCli.read(attempt());
    const out = piecesOf(reader, [lines(begin, ...text, ...ending(reason), begin, ...text)]);
    expect(reader.isUnwanted).toBe(true);
    expect(out.filter((piece) => piece.case === "partStarted")).toHaveLength(1);
    expect(out.at(-1)).toMatchObject({ case: "finished", value: { nativeFinishReason: reason } });
  });
});

describe("no answer", () => {
  test.each<[string, readonly object[], string, string]>([
    ["ends in the middle", [begin, ...text], "STREAM_INTERRUPTED", "truncated"],
    ["has no result", [begin, ...text, ...ending("end_turn")], "STREAM_INTERRUPTED", "truncated"],
    ["broke off underneath", [begin, ...text, event({ type: "message_stop" })], "STREAM_INTERRUPTED", "truncated"],
    [
      "was given by the program itself",
      [{ ...result, result: "no such command" }],
      "PROVIDER_BAD_RESPONSE",
      "no_answer",
    ],
  ])("%s", (_name, list, reason, cause) => {
    expect(failure(...list)).toMatchObject({ reason, info: { cause } });
  });

  test("is a line that is no JSON", () => {
    const error = errorOf(() => read(Buffer.from("{}\noops\n")));
    expect(error).toMatchObject({ reason: "PROVIDER_BAD_RESPONSE", info: { cause: "bad_json" } });
  });

  test("is an error of the API in the stream, or at its end with what was told before", () => {
    const overloaded = event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
    expect(failure(begin, overloaded).reason).toBe("PROVIDER_OVERLOADED");
    const limited = [
      { type: "rate_limit_event", rate_limit_info: { status: "rejected", resetsAt: 1_762_952_400 } },
      { type: "assistant", error: "rate_limit", request_id: "req_1", message: {} },
      { ...result, is_error: true, api_error_status: 429, result: "You've hit your session limit · resets 3:45pm" },
    ];
    const error = failure(...limited);
    expect(error).toMatchObject({
      reason: "PROVIDER_QUOTA_EXHAUSTED",
      info: { resetTime: "2025-11-12T13:00:00.000Z", upstreamRequestId: "req_1", upstreamStatus: "429" },
    });
    expect(error.rawMessage).toContain("(HTTP 429)");
    expect(failure({ ...result, subtype: "error_max_turns" })).toMatchObject({
      reason: "PROVIDER_UNAVAILABLE",
      upstream: { code: "error_max_turns" },
    });
  });
});
