import { describe, expect, test } from "vitest";
import { encodeEvent } from "../../../src/stream/event-stream-encoder.ts";
import { delta, event, exception, failing, start, stop, whole } from "./attempt.ts";

describe("no answer", () => {
  test.each([
    ["an empty stream", [], "PROVIDER_BAD_RESPONSE empty"],
    ["an event that is no JSON", [event("contentBlockDelta", [])], "PROVIDER_BAD_RESPONSE bad_json"],
    ["input of no tool", [delta(0, { toolUse: { input: "{" } })], "PROVIDER_BAD_RESPONSE unknown_block"],
    [
      "text in a call",
      [start(0, { toolUse: { toolUseId: "t", name: "f" } }), delta(0, { text: "a" })],
      "PROVIDER_BAD_RESPONSE bad_delta",
    ],
    [
      "a checksum that is wrong",
      [Buffer.concat([delta(0, { text: "a" }).subarray(0, -1), Buffer.of(0)])],
      "PROVIDER_BAD_RESPONSE bad_event_stream",
    ],
  ])("%s", (_name, pieces, expected) => {
    expect(failing(pieces)).toBe(expected);
  });

  test("parts without end", () => {
    const texts = Array.from({ length: 1025 }, (_, i) => Buffer.concat([delta(i, { text: "a" }), stop(i)]));
    expect(failing(texts)).toBe("PROVIDER_BAD_RESPONSE parts_limit");
    expect(failing([whole(texts.map(() => ({ text: "a" })))], false)).toBe("PROVIDER_BAD_RESPONSE parts_limit");
  });

  test.each([
    ["", "PROVIDER_BAD_RESPONSE empty"],
    ["[1]", "PROVIDER_BAD_RESPONSE bad_json"],
    ["{}", "PROVIDER_BAD_RESPONSE missing_content"],
    ['{"output":{"message":{"content":[{}]}},"stopReason":"end_turn"}', "PROVIDER_BAD_RESPONSE bad_block"],
    ['{"output":{"message":{"content":[{"text":"a"}]}}}', "PROVIDER_BAD_RESPONSE missing_stop_reason"],
  ])("the body %s", (body, expected) => {
    expect(failing([Buffer.from(body)], false)).toBe(expected);
  });

  test.each([
    ["throttlingException", "Too many requests", "PROVIDER_RATE_LIMITED"],
    ["modelStreamErrorException", "x", "PROVIDER_UNAVAILABLE"],
    ["serviceUnavailableException", "x", "PROVIDER_OVERLOADED"],
    ["internalServerException", "x", "PROVIDER_UNAVAILABLE"],
    ["validationException", "Input is too long for requested model.", "CONTEXT_LENGTH_EXCEEDED"],
    ["brandNewException", "x", "PROVIDER_UNAVAILABLE"],
  ])("%s, as the first event and later", (type, message, reason) => {
    for (const before of [[], [delta(0, { text: "a" })]]) {
      expect(failing([...before, exception(type, { message })])).toMatch(new RegExp(`^${reason} `));
    }
  });

  test("an error without an exception, and a message of an unknown type", () => {
    const error = { ":message-type": "error", ":error-code": "throttlingException", ":error-message": "x" };
    expect(failing([encodeEvent(error, Buffer.alloc(0))])).toBe("PROVIDER_RATE_LIMITED ");
    expect(failing([encodeEvent({ ":message-type": "news" }, Buffer.alloc(0))])).toBe(
      "PROVIDER_BAD_RESPONSE bad_event_stream",
    );
  });
});
