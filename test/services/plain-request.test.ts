import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  StreamCompleteRequestSchema,
  StreamOptionsSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { ChatMessageSchema, ContentPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import { isPlainRequest, isPlainStreamRequest } from "../../src/services/plain-request.ts";
import { createRequestValidator } from "../../src/services/validation.ts";

type Init = MessageInitShape<typeof CompleteRequestSchema>;
type Start = NonNullable<Extract<MessageInitShape<typeof StreamCompleteRequestSchema>, { start?: unknown }>["start"]>;

const validator = createRequestValidator();

/** Mostly what is usual, so that there are plain ones among many that are not. */
const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 24, arbitrary: usual }, { weight: 1, arbitrary: other });
const one = <T>(...values: T[]) => fc.constantFrom(...values);
const of = <T>(usual: T, ...other: T[]) => mostly(fc.constant(usual), fc.constantFrom(...other));

const text = one(
  "",
  "a",
  "hi there",
  "👩‍👩‍👧",
  "\ud83d",
  "x".repeat(64),
  "x".repeat(65),
  "😀".repeat(33),
  "😀".repeat(65),
);
const part = fc.record({
  part: mostly<object>(
    text.map((value) => ({ case: "text", value })),
    one<object>(
      { case: undefined },
      { case: "refusal", value: "no" },
      { case: "media", value: { mimeType: "x".repeat(128) } },
      { case: "toolCall", value: { name: "" } },
    ),
  ),
  citations: of<object[]>([], [{}], [{ title: "a" }]),
  cacheHint: of<object | undefined>(undefined, {}, { ttl: { seconds: -1n } }),
  signature: of<object | undefined>(undefined, {}),
  providerOptions: of({}, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, {}]))),
});
const message = fc.oneof(
  fc.record({ role: one(0, 1, 2, 3), text: one("a", "hi") }),
  fc.record({
    role: of(2, 4, 5, -1),
    content: fc.array(part, { minLength: 1, maxLength: 3 }),
    name: mostly(one("", "a"), text),
  }),
  fc.record({ role: of(2, 4, 5, 9), content: fc.array(part, { maxLength: 1 }), text: mostly(one(""), text) }),
);
const numbers = [-2, -1, -0.001, 0, 0.5, 1, 1.001, 2, 2.001, 20, 21, Number.NaN, Number.POSITIVE_INFINITY];
const number = mostly(one(undefined), one(...numbers));
const whole = mostly(one(undefined), one(-(2 ** 31), -1, 0, 1, 20, 21, 2 ** 31 - 1));
const request = fc.record({
  model: mostly(one("", "openai/gpt-4o", "x".repeat(256)), one("a b", "é", "a\n", "x".repeat(257), "\n")),
  messages: fc.array(message, { maxLength: 3 }),
  input: text,
  system: text,
  maxOutputTokens: fc.oneof(whole, one(1, 100)),
  temperature: fc.oneof(number, one(0, 1, 2)),
  topP: fc.oneof(number, one(0, 1)),
  tools: of<object[]>([], [{}]),
  toolChoice: of<object | undefined>(undefined, { mode: 99 }),
  responseFormat: of<object | undefined>(undefined, {}),
  reasoning: of<object | undefined>(undefined, { effort: "A" }),
  stopSequences: of<string[]>([], [""], ["a"]),
  routing: of<object | undefined>(undefined, { maxAttempts: 11 }),
  labels: of<Record<string, string>>({}, { A: "a" }),
  topK: whole,
  frequencyPenalty: number,
  presencePenalty: number,
  seed: whole,
  topLogprobs: whole,
  endUserId: mostly(text, one("x".repeat(256), "x".repeat(257), "😀".repeat(256), "😀".repeat(257))),
  cache: of<object | undefined>(undefined, { mode: 99 }),
  serviceTier: mostly(one("", "x".repeat(32)), one("x".repeat(33), "😀".repeat(32), "😀".repeat(33))),
  providerOptions: of({}, Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`p${i}`, {}]))),
  view: of(0, 1, 2, 99, -1),
  validateOnly: fc.boolean(),
  lossless: fc.boolean(),
});

function isValid(request: CompleteRequest): boolean {
  try {
    validator.check(CompleteRequestSchema, request);
    return true;
  } catch {
    return false;
  }
}

test("what is plain follows the rules", () => {
  const seen = { plain: 0, other: 0 };
  fc.assert(
    fc.property(request, (init) => {
      const made = create(CompleteRequestSchema, init as Init);
      const isPlain = isPlainRequest(made);
      seen[isPlain ? "plain" : "other"] += 1;
      if (isPlain) expect(isValid(made)).toBe(true);
    }),
    { numRuns: 3000 },
  );
  expect(seen.plain).toBeGreaterThan(100);
  expect(seen.other).toBeGreaterThan(100);
});

test("messages and parts beyond their number are not plain", () => {
  const messages = (count: number, content: number) => ({
    messages: Array.from({ length: count }, () => ({
      content: Array.from({ length: content }, () => ({ part: { case: "text" as const, value: "a" } })),
    })),
  });
  for (const [count, content, isPlain] of [
    [4096, 1, true],
    [4097, 1, false],
    [1, 1024, true],
    [1, 1025, false],
    [1, 0, false],
  ] as const) {
    const made = create(CompleteRequestSchema, messages(count, content));
    expect([isPlainRequest(made), isValid(made)]).toEqual([isPlain, isPlain]);
  }
});

test("an ordinary request is plain", () => {
  const content = [{ part: { case: "text", value: "What is it?" } as const }];
  const init: Init = {
    model: "openai/gpt-4o-mini",
    messages: [
      { role: 1, text: "Be brief." },
      { role: 2, content },
    ],
  };
  expect(isPlainRequest(create(CompleteRequestSchema, { ...init, maxOutputTokens: 256, temperature: 0.2 }))).toBe(true);
});

test("a request of a stream is plain if its completion is, and its options have no times", () => {
  const plain: Start = { case: "request", value: { model: "openai/gpt-4o", messages: [{ role: 2, text: "Hi" }] } };
  const odd: Start = { case: "request", value: { ...plain.value, temperature: 3 } };
  const resume: Start = { case: "resume", value: { token: "a" } };
  const isPlain = (init: MessageInitShape<typeof StreamCompleteRequestSchema>) =>
    isPlainStreamRequest(create(StreamCompleteRequestSchema, init));
  expect(isPlain({ start: plain })).toBe(true);
  expect(isPlain({ start: plain, options: { allowRestart: true } })).toBe(true);
  expect(isPlain({ start: plain, options: { heartbeatInterval: { seconds: 1n } } })).toBe(false);
  expect(isPlain({ start: plain, options: { coalesceWindow: { seconds: 1n } } })).toBe(false);
  expect(isPlain({ start: odd })).toBe(false);
  expect(isPlain({ start: resume })).toBe(false);
  expect(isPlain({})).toBe(false);
});

test("knows every field: one that is new may have rules", () => {
  const known = (schema: { readonly fields: readonly { readonly localName: string }[] }) =>
    schema.fields.map(({ localName }) => localName).sort();
  expect(known(CompleteRequestSchema)).toEqual(Object.keys(fc.sample(request, 1)[0] ?? {}).sort());
  expect(known(StreamCompleteRequestSchema)).toEqual(["options", "request", "resume"]);
  expect(known(StreamOptionsSchema)).toEqual(["allowRestart", "coalesceWindow", "heartbeatInterval"]);
  expect(known(ChatMessageSchema)).toEqual(["content", "name", "role", "text"]);
  expect(known(ContentPartSchema).filter((name) => name in (fc.sample(part, 1)[0] ?? {}))).toEqual([
    "cacheHint",
    "citations",
    "providerOptions",
    "signature",
  ]);
  expect(ContentPartSchema.members).toHaveLength(5);
});
