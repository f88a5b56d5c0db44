import {
  create,
  fromBinary,
  fromJsonString,
  type JsonObject,
  toBinary,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CacheMode,
  type CompleteRequest,
  CompleteRequestSchema,
  CompletionView,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { EmbeddingPurpose, EmbedRequestSchema, VectorEncoding } from "../../gen/llmhub/v1/embedding_pb.ts";
import { RerankRequestSchema } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { answerKey } from "../../src/cache/key.ts";
import type { Asked } from "../../src/model/call.ts";

const secret = Buffer.alloc(32, 7);
const place = {
  tenant: "acme",
  scope: "team",
  generation: "g",
  policy: "",
  selectors: ["openai/gpt-4o"],
  affinity: "",
};
const keyOf = (request: Asked, over: Partial<typeof place> = {}) => answerKey(secret, { ...place, ...over, request });

const struct = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })) as fc.Arbitrary<JsonObject>;
const text = fc.string({ unit: "binary" });
/** Everything that may change what a model says. */
const asked = fc.record({
  system: text,
  messages: fc.array(
    fc.record({
      role: fc.constantFrom(Role.USER, Role.ASSISTANT),
      name: text,
      content: fc.array(
        fc.oneof(
          text.map((value) => ({ part: { case: "text" as const, value } })),
          fc.uint8Array().map((data) => ({
            part: {
              case: "media" as const,
              value: { mimeType: "image/png", source: { case: "data" as const, value: data } },
            },
          })),
        ),
        { minLength: 1 },
      ),
    }),
  ),
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  maxOutputTokens: fc.integer({ min: 1, max: 100_000 }),
  stopSequences: fc.array(text),
  tools: fc.array(
    fc.record({ name: text, parameters: struct }).map(({ name, parameters }) => ({
      kind: {
        case: "function" as const,
        value: { name, inputSchema: { case: "parameters" as const, value: parameters } },
      },
    })),
  ),
  endUserId: text,
  lossless: fc.boolean(),
  providerOptions: fc.dictionary(text, struct),
});
const request = asked.map((init) => create(CompleteRequestSchema, init));

/** The same object with its members the other way round, at every depth. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

test("however a request is written and sent, its key is the same", () => {
  fc.assert(
    fc.property(request, (given) => {
      const key = keyOf(given);
      expect(keyOf(fromBinary(CompleteRequestSchema, toBinary(CompleteRequestSchema, given)))).toBe(key);
      expect(keyOf(fromJsonString(CompleteRequestSchema, toJsonString(CompleteRequestSchema, given)))).toBe(key);
      const turned = JSON.stringify(reversed(toJson(CompleteRequestSchema, given)));
      expect(keyOf(fromJsonString(CompleteRequestSchema, turned))).toBe(key);
    }),
  );
});

test("two requests have the same key exactly when they say the same", () => {
  // Keys of maps in one order, so that equal bytes mean equal requests.
  const bytesOf = (given: CompleteRequest) => JSON.stringify(sorted(toJson(CompleteRequestSchema, given)));
  fc.assert(
    fc.property(
      request,
      request,
      asked,
      fc.constantFrom(...Object.keys(create(CompleteRequestSchema))),
      (one, two, init, field) => {
        expect(keyOf(one) === keyOf(two)).toBe(bytesOf(one) === bytesOf(two));
        const value = Object.entries(create(CompleteRequestSchema, init)).find(([name]) => name === field)?.[1];
        const changed = value === undefined ? one : Object.assign(structuredClone(one), { [field]: value });
        expect(keyOf(one) === keyOf(changed)).toBe(bytesOf(one) === bytesOf(changed));
      },
    ),
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test("shorthands mean what they stand for", () => {
  const short = create(CompleteRequestSchema, { system: "be brief", input: "hi" });
  const part = (value: string) => ({ part: { case: "text" as const, value } });
  const long = create(CompleteRequestSchema, {
    messages: [
      { role: Role.SYSTEM, content: [part("be brief")] },
      { role: Role.UNSPECIFIED, text: "hi" },
    ],
  });
  expect(keyOf(short)).toBe(keyOf(long));
});

test("what changes nothing about the answer is no part of the key", () => {
  const plain = create(CompleteRequestSchema, { model: "fast", input: "hi" });
  const dressed = create(CompleteRequestSchema, {
    model: "openai/gpt-4o",
    input: "hi",
    labels: { team: "x" },
    view: CompletionView.FULL,
    cache: { mode: CacheMode.READ_WRITE, ttl: { seconds: 5n } },
    routing: { allowedProviders: ["openai"] },
  });
  expect(keyOf(plain)).toBe(keyOf(dressed));
});

test("nothing can be moved from one member to its neighbour", () => {
  const given = create(CompleteRequestSchema, { input: "hi" });
  const places = [
    place,
    { ...place, tenant: "acm", scope: "eteam" },
    { ...place, tenant: "", scope: "acmeteam" },
    { ...place, tenant: "team", scope: "acme" },
    { ...place, scope: "tea", generation: "mg" },
    { ...place, scope: "teamg", generation: "" },
    { ...place, policy: "aliases/fast" },
    { ...place, affinity: "aliases/fast" },
    { ...place, selectors: ["openai/gpt-4o", ""] },
    { ...place, selectors: ["openai", "gpt-4o"] },
    { ...place, selectors: [] },
  ];
  const keys = places.map((each) => keyOf(given, each));
  expect(new Set(keys).size).toBe(places.length);
  expect(answerKey(Buffer.alloc(32, 8), { ...place, request: given })).not.toBe(keys[0]);
});

test("halves of surrogate pairs are told apart", () => {
  const [one, two] = ["\ud800", "\ud801"].map((input) => keyOf(create(CompleteRequestSchema, { input })));
  expect(one).not.toBe(two);
});

test("requests of two kinds never have the same key, and what changes no vector or score is no part of it", () => {
  const keys = [
    create(CompleteRequestSchema, { input: "a" }),
    create(EmbedRequestSchema, { inputs: ["a"] }),
    create(EmbedRequestSchema, { inputs: ["a", ""] }),
    create(EmbedRequestSchema, { inputs: ["a"], purpose: EmbeddingPurpose.QUERY }),
    create(RerankRequestSchema, { query: "a" }),
    create(RerankRequestSchema, { query: "a", topN: 1 }),
  ].map((request) => keyOf(request));
  expect(new Set(keys).size).toBe(keys.length);
  const routing = { deniedProviders: ["x"] };
  const labels = { team: "x" };
  const encoding = VectorEncoding.PACKED;
  expect(keyOf(create(EmbedRequestSchema, { model: "m", inputs: ["a"], routing, labels, encoding }))).toBe(keys[1]);
  const rerank = { model: "m", query: "a", routing, labels, returnDocuments: true };
  expect(keyOf(create(RerankRequestSchema, rerank))).toBe(keys[4]);
});
