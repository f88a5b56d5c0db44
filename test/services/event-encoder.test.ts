import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FinishReason,
  HeartbeatSchema,
  PartDeltaSchema,
  PartFinishedSchema,
  PartStartedSchema,
  StreamCompleteResponseSchema,
  StreamFinishedSchema,
  StreamStartedSchema,
  UsageUpdateSchema,
  WarningSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema, PartSignatureSchema } from "../../gen/llmhub/v1/content_pb.ts";
import { type Chunk, type ChunkOf, textDelta } from "../../src/model/chunk.ts";
import { EventEncoder } from "../../src/services/event-encoder.ts";
import { cost, metadata, mostly, odd, rarely, routing, strange, time, usage, word } from "./facts.ts";

/** What protobuf-es makes of the same events, the first of which has this sequence. */
function expected(events: readonly Chunk[], first = 1): Buffer {
  let next = first;
  const messages = events.map((event) => {
    const sequence = event.case === "heartbeat" ? 0 : next++;
    const message = create(StreamCompleteResponseSchema, { sequence, event });
    const bytes = toBinary(StreamCompleteResponseSchema, message);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat(messages);
}

/** Hex, because a difference of megabytes takes minutes to print. */
function same(actual: Buffer, wanted: Buffer): void {
  if (actual.equals(wanted)) return;
  const at = actual.findIndex((byte, i) => byte !== wanted[i]);
  const around = (buffer: Buffer) => buffer.subarray(Math.max(0, at - 16), at + 32).toString("hex");
  expect({ at, around: around(actual), length: actual.length }).toEqual({
    at,
    around: around(wanted),
    length: wanted.length,
  });
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "a", "é", "日本", "👩‍👩‍👧", "x".repeat(23), "x".repeat(24), "x".repeat(25), `${"x".repeat(24)}é`),
  fc.constantFrom("x".repeat(127), "x".repeat(128), "x".repeat(16_384), "é".repeat(9000), "\ud83d", "a\udc00b"),
);
const index = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31 - 1));
const logprobs = fc.array(fc.record({ token: text, logprob: fc.double({ noNaN: true, max: 0 }) }), { maxLength: 2 });

const growing = fc
  .record({ index, value: text, kind: fc.constantFrom("text", "argumentsJson", "reasoning", "refusal"), strange })
  .map(({ index, value, kind, strange }): Chunk => {
    const delta = create(PartDeltaSchema, { index, delta: { case: kind as "text", value } });
    if (strange.length > 0) delta.$unknown = strange;
    return { case: "partDelta", value: delta };
  });
const measured = fc.record({ index, value: text, logprobs }).map(
  ({ index, value, logprobs }): Chunk => ({
    case: "partDelta",
    value: create(PartDeltaSchema, { index, delta: { case: "text", value }, logprobs }),
  }),
);
const cited = fc.record({ index, title: text }).map(
  ({ index, title }): Chunk => ({
    case: "partDelta",
    value: create(PartDeltaSchema, { index, delta: { case: "citation", value: { title, startCodePoint: 0 } } }),
  }),
);
const rare = fc.record({ index, word: text }).chain(({ index, word }) =>
  fc.constantFrom<Chunk>(
    { case: "started", value: create(StreamStartedSchema, { id: word, routing: { model: word } }) },
    { case: "partStarted", value: create(PartStartedSchema, { index, part: { part: { case: "text", value: "" } } }) },
    {
      case: "partStarted",
      value: create(PartStartedSchema, {
        index,
        part: { part: { case: "toolCall", value: { id: word, name: word } } },
      }),
    },
    { case: "partFinished", value: create(PartFinishedSchema, { index, encryptedContent: word }) },
    { case: "partDelta", value: create(PartDeltaSchema, { index }) },
    { case: "usage", value: create(UsageUpdateSchema, { usage: { inputTokens: index } }) },
    { case: "heartbeat", value: create(HeartbeatSchema) },
    {
      case: "finished",
      value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP, stopSequence: word }),
    },
  ),
);
const warnings = mostly([], [create(WarningSchema, { message: "guessed" })]);
/** The event whose message has all of these facts, and at times a field more than the schema. */
const factual = <Case extends "started" | "usage" | "finished" | "partStarted" | "partFinished">(
  kind: Case,
  facts: fc.Arbitrary<object>,
  made: () => ChunkOf<Case>["value"],
) =>
  fc.tuple(facts, strange).map(([facts, unknown]) => {
    const value = Object.assign(made(), facts, unknown.length === 0 ? {} : { $unknown: unknown });
    return { case: kind, value } as Chunk;
  });
const seed = fc.record({ value: text, kind: mostly<"text" | "refusal">("text", "refusal"), cited: mostly(0, 1) });
const part = seed.map(({ value, kind, cited }) =>
  create(ContentPartSchema, { part: { case: kind, value }, citations: cited === 0 ? [] : [{ title: value }] }),
);
const signature = mostly(undefined, create(PartSignatureSchema, { provider: "openai", value: "seal" }));
const telling = fc.oneof(
  factual(
    "started",
    fc.record({ id: word, routing, resumeToken: word, createTime: time("google.protobuf.Timestamp"), warnings }),
    () => create(StreamStartedSchema),
  ),
  factual("usage", fc.record({ usage, cost }), () => create(UsageUpdateSchema)),
  factual(
    "finished",
    fc.record({
      finishReason: odd,
      nativeFinishReason: word,
      stopSequence: text,
      usage,
      cost,
      routing,
      warnings,
      providerMetadata: metadata,
    }),
    () => create(StreamFinishedSchema),
  ),
  factual("partStarted", fc.record({ index, part: fc.option(part, rarely) }), () => create(PartStartedSchema)),
  factual("partFinished", fc.record({ index, signature, encryptedContent: text }), () => create(PartFinishedSchema)),
);
const chunk = fc.oneof({ weight: 4, arbitrary: growing }, { weight: 3, arbitrary: telling }, measured, cited, rare);

test("the bytes are those of protobuf-es, whatever the events and the batches", () => {
  fc.assert(
    fc.property(fc.array(fc.array(chunk, { maxLength: 6 }), { maxLength: 6 }), (batches) => {
      const encoder = new EventEncoder();
      same(Buffer.concat(batches.map((batch) => encoder.encode(batch))), expected(batches.flat()));
    }),
    { numRuns: 1000 },
  );
});

test.each([127, 128, 16_383, 16_384, 2_097_152])("sequence %i takes the bytes it needs", (sequence) => {
  const encoder = new EventEncoder();
  const filler = Array.from({ length: Math.min(sequence - 1, 4096) }, () => textDelta(0, "a"));
  for (let sent = 0; sent < sequence - 1; ) {
    const batch = filler.slice(0, sequence - 1 - sent);
    encoder.encode(batch);
    sent += batch.length;
  }
  const events: Chunk[] = [
    textDelta(0, "é"),
    { case: "heartbeat", value: create(HeartbeatSchema) },
    textDelta(200, "x".repeat(20_000)),
    { case: "usage", value: create(UsageUpdateSchema) },
  ];
  same(encoder.encode(events), expected(events, sequence));
});

test("a long delta between short ones keeps its place", () => {
  const events = [textDelta(0, "a"), textDelta(1, "字".repeat(70_000)), textDelta(0, "b")];
  same(new EventEncoder().encode(events), expected(events));
});

test("an empty batch is no bytes", () => {
  expect(new EventEncoder().encode([])).toHaveLength(0);
});

test("a batch that cannot be written takes no sequence numbers", () => {
  const encoder = new EventEncoder();
  const impossible: Chunk = { case: "partDelta", value: create(PartDeltaSchema, { index: -1.5 }) };
  expect(() => encoder.encode([textDelta(0, "a"), impossible])).toThrow();
  expect(encoder.sequence).toBe(0);
  same(encoder.encode([textDelta(0, "b")]), expected([textDelta(0, "b")]));
});
