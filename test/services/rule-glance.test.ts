import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompleteRequestSchema, StreamCompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { CountTokensRequestSchema } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbedRequestSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { ListModelsRequestSchema } from "../../gen/llmhub/v1/model_service_pb.ts";
import { RerankRequestSchema } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { RuleGlance } from "../../src/services/rule-glance.ts";

const glance = new RuleGlance();
const protovalidate = createValidator();
const isValid = (schema: DescMessage, message: ReturnType<typeof create>) =>
  protovalidate.validate(schema, message).kind === "valid";

/** Values around the bounds that the proto files name. */
const texts = [
  "a",
  "json",
  "openai.web_search",
  "providers/openai",
  "USD",
  "é".repeat(64),
  "😀".repeat(33),
  "😀".repeat(129),
  "x".repeat(65),
  "x".repeat(128),
  "x".repeat(257),
  "a b",
  "",
  "https://example.com/a.png?b=%20",
  "https://example.com:99999/",
  "http://[::1",
  "data:text/plain,a",
  "data:image/png;base64,aGk/+w==",
  "data:",
  "data:/a",
  "data://a b",
  "data:,a b",
  "data:,%zz",
  "data:,a#b#c",
];
const numbers = [0, 1, 2, 20, 21, 256, -1, 5000, 2147483647];
const doubles = [0, 0.5, 1, 2, 1.01, 2.01, -2, -2.1, Number.NaN, Number.POSITIVE_INFINITY];
const spans = [
  { seconds: 0n, nanos: 0 },
  { seconds: 1n, nanos: 0 },
  { seconds: 0n, nanos: 500_000_000 },
  { seconds: 0n, nanos: 500_000_001 },
  { seconds: 300n, nanos: 0 },
  { seconds: 86_400n, nanos: 1 },
  { seconds: 2_592_001n, nanos: 0 },
  { seconds: -1n, nanos: 0 },
  { seconds: 1n, nanos: -5 },
];
const sizes = [1, 1, 1, 2, 3, 9, 17, 33];

/** Usually the first values, so that there are messages that follow all rules. */
const usually = <T>(values: readonly T[]) =>
  fc.nat({ max: 99 }).map((n) => values[n < 70 ? n % 2 : n % values.length] as T);

function scalarOf(scalar: ScalarType | undefined): fc.Arbitrary<unknown> {
  switch (scalar) {
    case ScalarType.STRING:
      return usually(texts);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return usually(doubles);
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.constant(new Uint8Array([1]));
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return fc.constant(3n);
    default:
      return usually(numbers);
  }
}

function elementOf({ enum: schema, message, scalar }: DescField, depth: number): fc.Arbitrary<unknown> {
  if (schema !== undefined) return usually([1, 2, 0, 99].concat(schema.values.map(({ number }) => number)));
  if (message === undefined) return scalarOf(scalar);
  if (message.typeName === "google.protobuf.Duration") return usually(spans);
  if (message.typeName.startsWith("google.protobuf.")) return fc.constant({});
  return messageOf(message, depth - 1);
}

function anyOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const element = elementOf(field, depth);
  const size = fc.constantFrom(...sizes);
  if (field.fieldKind === "list") {
    return fc.tuple(element, size).map(([value, length]) => Array.from({ length }, () => value));
  }
  if (field.fieldKind !== "map") return element;
  return fc
    .tuple(element, size, scalarOf(field.mapKey))
    .map(([value, length, key]) =>
      Object.fromEntries(Array.from({ length }, (_, n) => [n === 0 ? key : `k${n}`, value])),
    );
}

/** Messages with some of their fields, down to a depth. */
function messageOf(schema: DescMessage, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const inner = (field: DescField) =>
    depth > 0 || field.message === undefined || !field.message.typeName.startsWith("llmhub");
  const some = schema.members.flatMap((member): [string, fc.Arbitrary<unknown>][] => {
    if (member.kind === "field") {
      if (!inner(member)) return [];
      return [[member.localName, anyOf(member, depth)]];
    }
    const cases = member.fields
      .filter(inner)
      .map((field) => anyOf(field, depth).map((value) => ({ case: field.localName, value })));
    return [[member.localName, cases.length === 0 ? fc.constant({ case: undefined }) : fc.oneof(...cases)]];
  });
  const few = fc.subarray(some, { maxLength: Math.min(4, some.length) });
  return few.chain((fields) => fc.record(Object.fromEntries(fields)) as fc.Arbitrary<Record<string, unknown>>);
}

const schemas: readonly DescMessage[] = [
  CompleteRequestSchema,
  StreamCompleteRequestSchema,
  CountTokensRequestSchema,
  EmbedRequestSchema,
  RerankRequestSchema,
  ListModelsRequestSchema,
];

test.each(schemas.map((schema) => [schema.name, schema] as const))(
  "%s: what it lets pass follows the rules",
  (_, schema) => {
    let passed = 0;
    let valid = 0;
    fc.assert(
      fc.property(messageOf(schema, 4), (init) => {
        const message = create(schema, init);
        const follows = glance.follows(schema, message);
        const isRight = isValid(schema, message);
        passed += follows ? 1 : 0;
        valid += isRight ? 1 : 0;
        expect(follows && !isRight).toBe(false);
      }),
      { numRuns: 1500 },
    );
    expect(passed).toBeGreaterThan(30);
    expect(passed).toBeGreaterThan(valid * 0.95);
    expect(valid).toBeLessThan(1500);
  },
);

test.each<[string, DescMessage, Record<string, unknown>]>([
  ["a list of models", ListModelsRequestSchema, { pageSize: 10 }],
  [
    "tools, media, a schema and settings",
    CompleteRequestSchema,
    {
      model: "openai/gpt-5",
      messages: [
        {
          role: 2,
          content: [{ part: { case: "media", value: { source: { case: "uri", value: "https://a.example/b.png" } } } }],
        },
        {
          role: 3,
          content: [{ part: { case: "toolCall", value: { id: "1", name: "look_up", argumentsJson: "{}" } } }],
        },
        { role: 4, content: [{ part: { case: "toolResult", value: { toolCallId: "1" } } }] },
      ],
      tools: [
        { kind: { case: "function", value: { name: "look_up", inputSchema: { case: "parameters", value: {} } } } },
      ],
      toolChoice: { choice: { case: "mode", value: 1 } },
      responseFormat: { format: { case: "jsonObject", value: {} } },
      reasoning: { effort: "high" },
      labels: { team: "search" },
      stopSequences: ["END"],
      cache: { mode: 1, ttl: { seconds: 60n, nanos: 0 } },
      routing: { maxAttempts: 2, allowedProviders: ["openai", "azure"], attemptTimeout: { seconds: 20n, nanos: 0 } },
      temperature: 0.2,
      topK: 5,
    },
  ],
  ["inputs to embed", EmbedRequestSchema, { model: "openai/e", inputs: ["a"] }],
  ["documents to rank", RerankRequestSchema, { model: "cohere/r", query: "a", documents: ["b"], topN: 1 }],
])("it sees that %s follow the rules", (_, schema, init) => {
  const message = create(schema, init);
  expect(isValid(schema, message)).toBe(true);
  expect(glance.follows(schema, message)).toBe(true);
});

test("an address is seen at a glance, however long it is, as are images in the request itself", () => {
  const image = (uri: string) =>
    create(CompleteRequestSchema, {
      messages: [{ content: [{ part: { case: "media", value: { source: { case: "uri", value: uri } } } }] }],
    });
  const long = "a%20".repeat(5_000_000);
  for (const start of ["data:image/png;base64,", "https://example.com/"]) {
    expect(glance.follows(CompleteRequestSchema, image(start + long))).toBe(true);
    expect(glance.follows(CompleteRequestSchema, image(`${start}${long}%2`))).toBe(false);
    expect(glance.follows(CompleteRequestSchema, image(`${start}${long} `))).toBe(false);
  }
});

test("it sees nothing in broken rules", () => {
  for (const init of [
    { temperature: 3 },
    { model: "a b" },
    { labels: { UPPER: "x" } },
    { messages: [{}] },
    { topK: 0 },
    { routing: { deniedProviders: ["openai", "azure", "openai"] } },
  ]) {
    expect(glance.follows(CompleteRequestSchema, create(CompleteRequestSchema, init))).toBe(false);
  }
});
