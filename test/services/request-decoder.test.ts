import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  StreamCompleteRequestSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { ChatMessageSchema, ContentPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import { decodeCompletion, decodeStreamCompletion } from "../../src/services/request-decoder.ts";

const rarely = { freq: 6 };
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "\ufeffa", "é".repeat(100), "x".repeat(300)),
);
const part = fc.oneof(
  { weight: 12, arbitrary: text.map((value) => create(ContentPartSchema, { part: { case: "text", value } })) },
  fc.constantFrom(
    create(ContentPartSchema),
    create(ContentPartSchema, { part: { case: "refusal", value: "no" } }),
    create(ContentPartSchema, { part: { case: "text", value: "a" }, cacheHint: {} }),
  ),
);
const message = fc
  .record({
    role: fc.oneof({ weight: 9, arbitrary: fc.nat(4) }, fc.integer({ min: -1, max: 2 ** 28 })),
    content: fc.array(part, { maxLength: 3 }),
    text,
    name: text,
  })
  .map((init) => create(ChatMessageSchema, init as MessageInitShape<typeof ChatMessageSchema>));
const request = fc
  .record({
    model: text,
    messages: fc.array(message, { maxLength: 4 }),
    input: text,
    system: text,
    maxOutputTokens: fc.option(fc.oneof(fc.nat(100_000), fc.integer()), { nil: undefined }),
    temperature: fc.option(fc.double(), { nil: undefined }),
    topP: fc.option(fc.double(), { nil: undefined }),
    seed: fc.option(fc.integer(), { nil: undefined, ...rarely }),
    endUserId: fc.oneof({ weight: 9, arbitrary: fc.constant("") }, text),
  })
  .map((init): CompleteRequest => {
    const given = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined));
    return create(CompleteRequestSchema, given);
  });
/** A place in the bytes, and what is done there. */
const harm = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("flip", "cut", "insert", "repeat"),
  byte: fc.nat(255),
});

test("requests are decoded as protobuf-es decodes them", () => {
  fc.assert(
    fc.property(request, (sent) => {
      const bytes = toBinary(CompleteRequestSchema, sent);
      expect(decodeCompletion(bytes)).toStrictEqual(fromBinary(CompleteRequestSchema, bytes));
    }),
  );
});

test("requests of streams are decoded as protobuf-es decodes them", () => {
  fc.assert(
    fc.property(request, fc.boolean(), (value, allowRestart) => {
      const options = allowRestart ? { options: { allowRestart } } : {};
      const stream = create(StreamCompleteRequestSchema, { start: { case: "request", value }, ...options });
      const bytes = toBinary(StreamCompleteRequestSchema, stream);
      expect(decodeStreamCompletion(bytes)).toStrictEqual(fromBinary(StreamCompleteRequestSchema, bytes));
    }),
  );
});

test("broken bytes are decoded or refused as protobuf-es does", () => {
  fc.assert(
    fc.property(request, fc.array(harm, { minLength: 1, maxLength: 3 }), (sent, harms) => {
      const bytes = harms.reduce(harmed, toBinary(CompleteRequestSchema, sent));
      expect(tried(() => decodeCompletion(bytes))).toStrictEqual(tried(() => fromBinary(CompleteRequestSchema, bytes)));
      expect(tried(() => decodeStreamCompletion(bytes))).toStrictEqual(
        tried(() => fromBinary(StreamCompleteRequestSchema, bytes)),
      );
    }),
    { numRuns: 500 },
  );
});

test("an ordinary request has members of its own, not those of the last", () => {
  const bytes = toBinary(CompleteRequestSchema, create(CompleteRequestSchema, { model: "a/b", input: "x" }));
  const [one, other] = [decodeCompletion(bytes), decodeCompletion(bytes)];
  one.labels["a"] = "b";
  one.messages.push(create(ChatMessageSchema));
  expect(other).toStrictEqual(fromBinary(CompleteRequestSchema, bytes));
});

test("bytes in the middle of a larger buffer are read where they are", () => {
  const bytes = toBinary(CompleteRequestSchema, create(CompleteRequestSchema, { model: "a/b", input: "héllo" }));
  const larger = new Uint8Array(bytes.length + 10).fill(10);
  larger.set(bytes, 5);
  const decoded = decodeCompletion(larger.subarray(5, 5 + bytes.length));
  expect(decoded).toStrictEqual(fromBinary(CompleteRequestSchema, bytes));
});

function harmed(bytes: Uint8Array, { at, kind, byte }: { at: number; kind: string; byte: number }): Uint8Array {
  const place = at % (bytes.length + 1);
  switch (kind) {
    case "flip":
      return bytes.map((each, index) => (index === place ? each ^ byte : each));
    case "cut":
      return bytes.slice(0, place);
    case "insert":
      return Uint8Array.from([...bytes.slice(0, place), byte, ...bytes.slice(place)]);
    default:
      return Uint8Array.from([...bytes, ...bytes.slice(place)]);
  }
}

function tried(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return String(error);
  }
}
