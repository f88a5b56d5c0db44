import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { answerOf, errorOf, piecesOf } from "../../support/dialect.ts";
import { array, body, response, sse, streaming, unary, usage, whole } from "./responses.ts";

describe("what is no answer", () => {
  const overloaded = { error: { code: 503, message: "overloaded", status: "UNAVAILABLE" } };

  test.each([
    ["first", [overloaded]],
    ["later", [response([{ text: "a" }]), overloaded]],
  ])("an error as the %s event", (_, events) => {
    for (const bytes of [sse(...events), array(...events)]) {
      expect(errorOf(() => answerOf(gemini, streaming, [bytes])).reason).toBe("PROVIDER_OVERLOADED");
    }
  });

  test("an error in one body, alone or in a list", () => {
    for (const attempt of [unary, streaming]) {
      for (const value of [overloaded, [overloaded]]) {
        expect(errorOf(() => answerOf(gemini, attempt, body(value))).reason).toBe("PROVIDER_OVERLOADED");
      }
    }
  });

  test("a prompt that is blocked, after what it cost", () => {
    const blocked = { promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, ...usage(0) };
    const out: Chunk[] = [];
    const error = errorOf(() => gemini.read(streaming).push(sse(blocked), out));
    expect([error.reason, error.info["upstreamCode"]]).toEqual(["PROVIDER_CONTENT_FILTERED", "PROHIBITED_CONTENT"]);
    expect(out.map((chunk) => chunk.case)).toEqual(["usage"]);
    expect(errorOf(() => whole({ promptFeedback: { blockReason: 4 } })).reason).toBe("PROVIDER_CONTENT_FILTERED");
  });

  test.each([
    ["", "empty"],
    ["  \n", "empty"],
    ["<html>", "bad_json"],
    ["[1]", "bad_json"],
    ["{}", "missing_finish_reason"],
  ])("a body of %j is %s", (text, cause) => {
    expect(errorOf(() => answerOf(gemini, unary, [Buffer.from(text)])).info["cause"]).toBe(cause);
  });

  test.each([
    ["", "empty"],
    ["<html>", "not_sse"],
    ["data: {\n\n", "bad_json"],
    ["[1]", "bad_json"],
    ["[{", "truncated"],
  ])("a stream of %j is %s", (text, cause) => {
    expect(errorOf(() => answerOf(gemini, streaming, [Buffer.from(text)])).info["cause"]).toBe(cause);
  });

  test("anything at all ends in an answer or a typed error", () => {
    const shapes = fc.oneof(
      fc.jsonValue(),
      fc.record({ candidates: fc.jsonValue(), usageMetadata: fc.jsonValue(), promptFeedback: fc.jsonValue() }),
      fc
        .record({
          content: fc.record({
            parts: fc.array(
              fc.record(
                {
                  text: fc.jsonValue(),
                  functionCall: fc.jsonValue(),
                  thoughtSignature: fc.jsonValue(),
                  inlineData: fc.jsonValue(),
                },
                { requiredKeys: [] },
              ),
            ),
          }),
          finishReason: fc.jsonValue(),
          groundingMetadata: fc.record({ groundingChunks: fc.jsonValue(), groundingSupports: fc.jsonValue() }),
          logprobsResult: fc.jsonValue(),
        })
        .map((candidate) => ({ candidates: [candidate] })),
    );
    fc.assert(
      fc.property(shapes, fc.boolean(), (value, isStream) => {
        const bytes = isStream ? sse(value as object) : Buffer.from(JSON.stringify(value));
        try {
          piecesOf(gemini.read(isStream ? streaming : unary), [bytes]);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
