import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorOf, folded } from "../../support/dialect.ts";
import { attemptOf, cases, readAll, requestOf } from "./cases.ts";
import { bytes, close, end, ending, jsonOf, open, say, sse, start, streaming, text, whole } from "./events.ts";

const answers = cases.filter(({ status }) => status === 200);
const streams = answers.filter(({ stream }) => stream);

describe("recorded answers", () => {
  test.each(answers)("$name", ({ call, stream, body, expected }) => {
    const chunks = readAll(attemptOf(requestOf(call), stream), [body]);
    expect({ response: jsonOf(chunks) }).toEqual(expected);
    expect(chunks.filter((chunk) => chunk.case === "finished")).toHaveLength(1);
    expect(chunks.at(-1)?.case).toBe("finished");
  });

  test.each(streams)("$name does not depend on how its bytes are cut", ({ call, body, expected }) => {
    const attempt = attemptOf(requestOf(call), true);
    const readIn = (pieces: Buffer[]) => ({ response: jsonOf(readAll(attempt, pieces)) });
    expect(readIn(Array.from(body, (_, at) => body.subarray(at, at + 1)))).toEqual(expected);
    for (let at = body.indexOf("\n\n"); at !== -1; at = body.indexOf("\n\n", at + 1)) {
      for (const cut of [at + 1, at + 2, at + 3]) {
        expect(readIn([body.subarray(0, cut), body.subarray(cut)])).toEqual(expected);
      }
    }
  });

  test.each(streams)("$name cut short is no answer", ({ call, body }) => {
    const stopped = body.lastIndexOf("message_delta");
    const last = body.lastIndexOf("\n\n", stopped) + 2;
    const error = errorOf(() => readAll(attemptOf(requestOf(call), true), [body.subarray(0, last)]));
    expect(error.reason).toBe("STREAM_INTERRUPTED");
    expect(error.info["cause"]).toBe("truncated");
  });
});

describe("what is no answer", () => {
  const overloaded = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  const limited = { type: "error", error: { type: "rate_limit_error", message: "slow down" }, request_id: "req_1" };

  // Written by hand: no recording has an error within a stream.
  test.each([
    ["first", [overloaded], "PROVIDER_OVERLOADED"],
    ["after the preamble", [start, limited], "PROVIDER_RATE_LIMITED"],
    [
      "in the middle",
      [start, open(0, text), say(0, "a"), { type: "error", error: { type: "api_error" } }],
      "PROVIDER_UNAVAILABLE",
    ],
    ["of a new type", [start, { type: "error", error: { type: "lunar_error" } }], "PROVIDER_UNAVAILABLE"],
    ["without a type of event", [{ error: { type: "overloaded_error" } }], "PROVIDER_OVERLOADED"],
  ])("an error event %s is that error", (_, events, reason) => {
    const error = errorOf(() => readAll(streaming, [sse(...events)]));
    expect(error.reason).toBe(reason);
    expect(error.message).not.toContain("slow down");
  });

  test.each([
    ["a JSON error for a stream", streaming, JSON.stringify(overloaded), "PROVIDER_OVERLOADED", undefined],
    [
      "a pretty JSON error for a stream",
      streaming,
      JSON.stringify(overloaded, null, 2),
      "PROVIDER_OVERLOADED",
      undefined,
    ],
    ["a JSON answer for a stream", streaming, '{"content":[]}', "PROVIDER_BAD_RESPONSE", "not_sse"],
    ["HTML for a stream", streaming, "<html>\n\n</html>", "PROVIDER_BAD_RESPONSE", "not_sse"],
    ["nothing for a stream", streaming, "", "PROVIDER_BAD_RESPONSE", "empty"],
    ["an event that is not JSON", streaming, "data: {oops\n\n", "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["an event that is no object", streaming, "data: [1]\n\n", "PROVIDER_BAD_RESPONSE", "bad_json"],
    [
      "a delta to no block",
      streaming,
      'data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta"}}\n\n',
      "PROVIDER_BAD_RESPONSE",
      "unknown_block",
    ],
    [
      "text to no block",
      streaming,
      'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n',
      "PROVIDER_BAD_RESPONSE",
      "unknown_block",
    ],
    [
      "an end without a reason",
      streaming,
      'data: {"type":"message_stop"}\n\n',
      "PROVIDER_BAD_RESPONSE",
      "missing_stop_reason",
    ],
    ["an answer without a reason to end", whole, '{"content":[]}', "PROVIDER_BAD_RESPONSE", "missing_stop_reason"],
    [
      "a reason to end that is no word",
      whole,
      '{"content":[],"stop_reason":{}}',
      "PROVIDER_BAD_RESPONSE",
      "missing_stop_reason",
    ],
    ["only pings", streaming, 'data: {"type":"ping"}\n\n', "STREAM_INTERRUPTED", "truncated"],
    ["a JSON error", whole, JSON.stringify(limited), "PROVIDER_RATE_LIMITED", undefined],
    ["HTML", whole, "<html></html>", "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["nothing", whole, " \n", "PROVIDER_BAD_RESPONSE", "empty"],
    ["a list", whole, "[]", "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["an object without content", whole, "{}", "PROVIDER_BAD_RESPONSE", "missing_content"],
    ["content that is no block", whole, '{"content":[1]}', "PROVIDER_BAD_RESPONSE", "bad_block"],
  ])("%s", (_, attempt, body, reason, cause) => {
    const error = errorOf(() => readAll(attempt, [bytes(body)]));
    expect([error.reason, error.info["cause"]]).toEqual([reason, cause]);
  });

  test("more than 1024 parts", () => {
    const blocks = (count: number) =>
      Array.from({ length: count }, (_, at) => open(at, { type: "tool_use", id: `t${at}`, name: "f" }));
    const answer = folded(readAll(streaming, [sse(start, ...blocks(1024), ending("tool_use"), end)]));
    expect(answer.message?.content).toHaveLength(1024);
    expect(errorOf(() => readAll(streaming, [sse(start, ...blocks(1025))])).info["cause"]).toBe("parts_limit");
  });
});

test("text comes out whole, however it is cut into deltas and bytes, and no delta ends inside a pair", () => {
  const words = fc.string({ unit: fc.constantFrom("a", "é", "\n", '"', "\\", "😀", "👩‍💻", " ", "}") });
  const sizes = () => fc.infiniteStream(fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(words, sizes(), sizes(), (told, units, bytesAtOnce) => {
      const deltas = cut(told.length, units).map(([from, to]) => say(0, told.slice(from, to)));
      const body = sse(start, open(0, text), ...deltas, close(0), ending("end_turn"), end);
      const pieces = cut(body.length, bytesAtOnce).map(([from, to]) => body.subarray(from, to));
      const texts = readAll(streaming, pieces).flatMap((chunk) =>
        chunk.case === "partDelta" && chunk.value.delta.case === "text" ? [chunk.value.delta.value] : [],
      );
      expect(texts.join("")).toBe(told);
      for (const piece of texts) expect(piece.isWellFormed()).toBe(true);
    }),
  );
});

function cut(length: number, sizes: fc.Stream<number>): [number, number][] {
  const ranges: [number, number][] = [];
  for (let from = 0; from < length; ) {
    const to = Math.min(length, from + sizes.next().value);
    ranges.push([from, to]);
    from = to;
  }
  return ranges;
}
