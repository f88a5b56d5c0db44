import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteResponse,
  CompleteResponseSchema,
  TokenLogprobSchema,
  WarningSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { ChatMessageSchema, type ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import { encodeAnswer } from "../../src/services/answer-encoder.ts";
import { cost, metadata, mostly, odd, rarely, routing, strange, time, usage, word } from "./facts.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom("", "a", "é", "👩‍👩‍👧", "\ud83d", "a\udc00b", "x".repeat(40), "x".repeat(41), `${"x".repeat(39)}é`),
  fc.constantFrom("x".repeat(127), "x".repeat(128), "é".repeat(9000), "日".repeat(20_000), "x".repeat(20_001)),
);
const part = fc
  .record({
    value: text,
    kind: mostly<"text" | "refusal">("text", "refusal"),
    strange,
  })
  .map(
    ({ value, kind, strange }): ContentPart => ({
      $typeName: "llmhub.v1.ContentPart",
      part: { case: kind, value },
      citations: [],
      providerOptions: {},
      ...(strange.length === 0 ? {} : { $unknown: strange }),
    }),
  );
const answer = fc
  .record({
    id: word,
    nativeFinishReason: word,
    stopSequence: word,
    finishReason: odd,
    message: fc.option(fc.record({ role: odd, name: word, text: word, content: fc.array(part, { maxLength: 3 }) })),
    usage,
    cost,
    routing,
    createTime: fc.option(time("google.protobuf.Timestamp"), rarely),
    warnings: mostly([], [create(WarningSchema, { message: "guessed" })]),
    logprobs: mostly([], [create(TokenLogprobSchema, { token: "a" })]),
    providerMetadata: metadata,
    strange,
  })
  .map(({ message, usage, cost, routing, createTime, strange, ...rest }): CompleteResponse => {
    const made = create(CompleteResponseSchema);
    if (message !== null)
      made.message = create(ChatMessageSchema, message as MessageInitShape<typeof ChatMessageSchema>);
    if (usage !== undefined) made.usage = usage;
    if (cost !== undefined) made.cost = cost;
    if (routing !== undefined) made.routing = routing;
    if (createTime !== undefined) made.createTime = createTime;
    if (strange.length > 0) made.$unknown = strange;
    return Object.assign(made, rest);
  });

/** The answer as protobuf-es encodes it, in an envelope. */
function wanted(answer: CompleteResponse): Buffer {
  const message = toBinary(CompleteResponseSchema, answer);
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  return Buffer.concat([envelope, message]);
}

test("encodes as protobuf-es does, whatever the answer", () => {
  fc.assert(
    fc.property(answer, (answer) => {
      expect(encodeAnswer(answer).equals(wanted(answer))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("encodes as many parts and characters as there may be", () => {
  const many = (parts: number, value: string) =>
    create(CompleteResponseSchema, {
      id: "x".repeat(1000),
      message: { role: 3, content: Array.from({ length: parts }, () => ({ part: { case: "text" as const, value } })) },
    });
  for (const answer of [many(64, "日".repeat(296)), many(64, ""), many(65, ""), many(1, "日".repeat(19_000))]) {
    expect(encodeAnswer(answer).equals(wanted(answer))).toBe(true);
  }
});

test("refuses what protobuf-es refuses", () => {
  const answer = create(CompleteResponseSchema, { usage: { inputTokens: 1.5 } });
  expect(() => encodeAnswer(answer)).toThrow("input_tokens");
});
