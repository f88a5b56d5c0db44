import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CompleteRequestSchema,
  PartStartedSchema,
  StreamFinishedSchema,
  UsageUpdateSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { type ChunkOf, textDelta } from "../../src/model/chunk.ts";
import { Tally } from "../../src/upstream/tally.ts";
import { attemptOf } from "./attempt.ts";

type Counts = MessageInitShape<typeof UsageSchema>;

const provider = (counts: Counts) => create(UsageSchema, { source: UsageSource.PROVIDER, ...counts });
const update = (counts: Counts): ChunkOf<"usage"> => ({
  case: "usage",
  value: create(UsageUpdateSchema, { usage: provider(counts) }),
});
const finished = (counts?: Counts): ChunkOf<"finished"> => ({
  case: "finished",
  value: create(StreamFinishedSchema, counts === undefined ? {} : { usage: provider(counts) }),
});
const said = (text: string) => textDelta(0, text);

test("a provider's count stands, with its cost", () => {
  const tally = new Tally(attemptOf());
  const end = finished({ inputTokens: 7, outputTokens: 3 });
  for (const chunk of [said("Hello"), end]) tally.add(chunk);
  expect(end.value.usage).toMatchObject({ inputTokens: 7, outputTokens: 3, source: UsageSource.PROVIDER });
  expect(end.value.cost?.total?.amountNanos).toBe(13_000n);
});

test("without a count the gateway counts, output by its characters", () => {
  const tally = new Tally(attemptOf());
  const end = finished();
  for (const chunk of [said("1234"), said("56789"), end]) tally.add(chunk);
  expect(tally.outputChars).toBe(9);
  expect(end.value.usage).toMatchObject({ inputTokens: 6, outputTokens: 3, source: UsageSource.ESTIMATED });
  expect(end.value.cost?.total?.amountNanos).toBe(12_000n);
});

test("parts that come whole are output too", () => {
  const tally = new Tally(attemptOf());
  const whole = (part: NonNullable<MessageInitShape<typeof PartStartedSchema>["part"]>) =>
    tally.add({ case: "partStarted", value: create(PartStartedSchema, { part }) });
  whole({ part: { case: "text", value: "1234" } });
  whole({ part: { case: "toolCall", value: { name: "f", argumentsJson: '{"a":1}' } } });
  whole({ part: { case: "reasoning", value: { text: "12345" } } });
  whole({ part: { case: "toolCall", value: { name: "f" } } });
  expect(tally.outputChars).toBe(4 + 7 + 5);
});

test("an attempt that broke keeps what the provider said, and estimates what came after", () => {
  const tally = new Tally(attemptOf());
  const early = update({ inputTokens: 500, outputTokens: 0 });
  tally.add(early);
  expect(early.value).toMatchObject({ usage: { inputTokens: 500, source: UsageSource.PROVIDER } });
  tally.add(said("x".repeat(40)));
  expect(tally.estimate()).toMatchObject({ inputTokens: 500, outputTokens: 10, source: UsageSource.ESTIMATED });
});

test("an early count without output is not the count of the answer", () => {
  const tally = new Tally(attemptOf());
  const end = finished();
  for (const chunk of [update({ inputTokens: 500, outputTokens: 0 }), said("12345678"), end]) tally.add(chunk);
  expect(end.value.usage).toMatchObject({ inputTokens: 500, outputTokens: 2, source: UsageSource.ESTIMATED });
});

test.each([
  ["none", { inputTokens: 0, outputTokens: 0 }],
  ["negative", { inputTokens: -7, outputTokens: 3 }],
  ["not a number", { inputTokens: Number.NaN, outputTokens: Number.NaN }],
  ["beyond the window", { inputTokens: 1001, outputTokens: 3 }],
])("a count that is %s is no count", (_name, counts) => {
  const tally = new Tally(attemptOf());
  const end = finished(counts);
  for (const chunk of [said("12345678"), end]) tally.add(chunk);
  expect(end.value.usage).toMatchObject({ inputTokens: 6, outputTokens: 2, source: UsageSource.ESTIMATED });
});

test.each([
  ["a tool of the provider", { tools: [{ kind: { case: "providerTool" as const, value: { id: "up.web_search" } } }] }],
  ["options of the provider", { providerOptions: { up: { context_management: {} } } }],
])("with %s a model may read more than its window holds, again and again", (_name, init) => {
  const attempt = attemptOf();
  const request = create(CompleteRequestSchema, init);
  const tally = new Tally({ ...attempt, call: { ...attempt.call, request } });
  const end = finished({ inputTokens: 5000, outputTokens: 3 });
  tally.add(end);
  expect(end.value.usage).toMatchObject({ inputTokens: 5000, source: UsageSource.PROVIDER });
  expect(end.value.cost?.total?.amountNanos).toBe(5_006_000n);
});

describe("a model that answers in the place of another", () => {
  const attempt = attemptOf();
  const dear = attempt.target.facts;
  const list = (name: string) => ({ name, prices: [{ meter: "input", nanosPerMillion: 1n, fromInputTokens: 0 }] });
  const cheap = { ...dear, contextWindow: 9000, priceList: list("test") };
  const tallyOf = (facts: typeof dear, served: string) => {
    const models = new Map([...attempt.target.provider.models, ["m-2", cheap]]);
    const target = { ...attempt.target, facts, provider: { ...attempt.target.provider, models } };
    return new Tally({ ...attempt, target }, { upstreamModel: served });
  };
  const cost = (tally: Tally) => tally.cost(provider({ inputTokens: 1_000_000 }))?.total?.amountNanos;

  test("costs what it costs, and reads what it can read", () => {
    expect(cost(tallyOf(dear, "m-2"))).toBe(1n);
    const end = finished({ inputTokens: 5000, outputTokens: 0 });
    tallyOf(dear, "m-2").add(end);
    expect(end.value.usage).toMatchObject({ inputTokens: 5000, source: UsageSource.PROVIDER });
  });

  test("has its price where that of the other is not known", () => {
    expect(cost(tallyOf({ ...dear, priceList: undefined }, "m-2"))).toBe(1n);
  });

  test("costs what the other does where it is not known itself, is not told, or the operator has set the price", () => {
    expect(cost(tallyOf(dear, "m-3"))).toBe(1_000_000_000n);
    expect(cost(tallyOf(dear, ""))).toBe(1_000_000_000n);
    const own = { name: "configured", prices: [{ meter: "input", nanosPerMillion: 7n, fromInputTokens: 0 }] };
    expect(cost(tallyOf({ ...dear, priceList: own }, "m-2"))).toBe(7n);
  });
});

test("whatever a provider reports, the count is whole, not negative and inside the window", () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(0, -1, 1e12, Number.NaN, Number.POSITIVE_INFINITY),
  );
  const counts = fc.record({ inputTokens: number, outputTokens: number, cacheReadTokens: number });
  fc.assert(
    fc.property(fc.array(counts, { maxLength: 3 }), counts, (early, last) => {
      const tally = new Tally(attemptOf());
      const end = finished();
      end.value.usage = { ...provider({}), ...last };
      for (const one of early)
        tally.add({ case: "usage", value: create(UsageUpdateSchema, { usage: { ...provider({}), ...one } }) });
      tally.add(end);
      const { inputTokens = -1, outputTokens = -1, cacheReadTokens = 0 } = end.value.usage ?? {};
      for (const count of [inputTokens, outputTokens, cacheReadTokens]) {
        expect(Number.isInteger(count) && count >= 0 && count <= 1000).toBe(true);
      }
      expect(cacheReadTokens).toBeLessThanOrEqual(inputTokens);
    }),
  );
});
