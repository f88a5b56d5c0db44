import { create, type JsonObject, type MessageInitShape, toBinary, type UnknownField } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteResponse,
  CompleteResponseSchema,
  TokenLogprobSchema,
  WarningSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { ChatMessageSchema, type ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import { AttemptSchema, RoutingInfoSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { CostLineSchema, CostSchema, ModalityTokensSchema, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import { encodeAnswer } from "../../src/services/answer-encoder.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom("", "a", "é", "👩‍👩‍👧", "\ud83d", "a\udc00b", "x".repeat(40), "x".repeat(41), `${"x".repeat(39)}é`),
  fc.constantFrom("x".repeat(127), "x".repeat(128), "é".repeat(9000), "日".repeat(20_000), "x".repeat(20_001)),
);
const word = fc.oneof(fc.string({ unit: "binary", maxLength: 45 }), fc.constantFrom("", "openai/gpt-4o"));
const count = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(0, 127, 128, 16_384, 2 ** 31 - 1));
/** Also numbers that are not written by hand. */
const odd = fc.oneof({ weight: 40, arbitrary: count }, { weight: 1, arbitrary: fc.constantFrom(-1, -(2 ** 31)) });
const large = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 53n }),
  fc.constantFrom(0n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, -1n),
);
const time = <Name extends string>($typeName: Name) =>
  fc.record({ $typeName: fc.constant($typeName), seconds: large, nanos: odd });
const duration = time("google.protobuf.Duration");
/** Ordinary but once in thirty times: together they leave most answers to the encoder. */
const mostly = <T>(usual: T, other: T) =>
  fc.oneof({ weight: 29, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });
const strange = mostly<UnknownField[]>([], [{ no: 99, wireType: 0, data: Uint8Array.of(1) }]);
const rarely = { nil: undefined, freq: 2 } as const;

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
    usage: fc.option(
      fc.record({
        inputTokens: odd,
        outputTokens: odd,
        source: count,
        serviceTier: word,
        cacheReadTokens: fc.option(odd, rarely),
        cacheWriteTokens: fc.option(count, rarely),
        reasoningTokens: fc.option(count, rarely),
        cacheWrite1hTokens: fc.option(count, rarely),
        searchUnits: fc.option(count, rarely),
        toolUses: mostly<Record<string, number>>({}, { search: 1 }),
        byModality: mostly([], [create(ModalityTokensSchema, { inputTokens: 1 })]),
      }),
    ),
    cost: fc.option(
      fc.record({
        priceList: word,
        estimated: fc.boolean(),
        total: fc.option(fc.record({ currencyCode: word, amountNanos: large }), rarely),
        lines: mostly([], [create(CostLineSchema, { meter: "input" })]),
      }),
    ),
    routing: fc.option(
      fc.record({
        requestedModel: word,
        provider: word,
        model: word,
        upstreamModel: word,
        upstreamRequestId: word,
        policy: word,
        experimentArm: word,
        region: word,
        attemptCount: count,
        cacheStatus: count,
        strategy: count,
        timeToFirstOutput: fc.option(duration, rarely),
        cacheAge: fc.option(duration, rarely),
        attempts: mostly([], [create(AttemptSchema, { number: 1 })]),
      }),
    ),
    createTime: fc.option(time("google.protobuf.Timestamp"), rarely),
    warnings: mostly([], [create(WarningSchema, { message: "guessed" })]),
    logprobs: mostly([], [create(TokenLogprobSchema, { token: "a" })]),
    providerMetadata: fc.oneof(
      fc.dictionary(word, fc.dictionary(word, word, { maxKeys: 3 }), { maxKeys: 3 }),
      mostly<Record<string, JsonObject>>({ openai: { system_fingerprint: "fp_1" } }, { b: { c: ["d"] } }),
      mostly<Record<string, JsonObject>>(
        {},
        { openai: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, "a"])) },
      ),
    ),
    strange,
  })
  .map(({ message, usage, cost, routing, createTime, strange, ...rest }): CompleteResponse => {
    const made = create(CompleteResponseSchema);
    if (message !== null)
      made.message = create(ChatMessageSchema, message as MessageInitShape<typeof ChatMessageSchema>);
    if (usage !== null) made.usage = create(UsageSchema, usage as MessageInitShape<typeof UsageSchema>);
    if (cost !== null) made.cost = create(CostSchema, cost as MessageInitShape<typeof CostSchema>);
    if (routing !== null)
      made.routing = create(RoutingInfoSchema, routing as MessageInitShape<typeof RoutingInfoSchema>);
    if (createTime !== undefined) made.createTime = createTime;
    if (strange.length > 0) made.$unknown = strange;
    return Object.assign(made, rest);
  });

test("encodes as protobuf-es does, whatever the answer", () => {
  fc.assert(
    fc.property(answer, (answer) => {
      const wanted = Buffer.from(toBinary(CompleteResponseSchema, answer));
      expect(Buffer.from(encodeAnswer(answer)).equals(wanted)).toBe(true);
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
    const wanted = Buffer.from(toBinary(CompleteResponseSchema, answer));
    expect(Buffer.from(encodeAnswer(answer)).equals(wanted)).toBe(true);
  }
});

test("refuses what protobuf-es refuses", () => {
  const answer = create(CompleteResponseSchema, { usage: { inputTokens: 1.5 } });
  expect(() => encodeAnswer(answer)).toThrow("input_tokens");
});
