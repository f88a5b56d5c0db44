import { create, type JsonObject, type MessageInitShape, type UnknownField } from "@bufbuild/protobuf";
import fc from "fast-check";
import { AttemptSchema, type RoutingInfo, RoutingInfoSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import {
  type Cost,
  CostLineSchema,
  CostSchema,
  ModalityTokensSchema,
  type Usage,
  UsageSchema,
} from "../../gen/llmhub/v1/usage_pb.ts";

// Facts that answers tell: ordinary ones, and some that are not written by hand.

/** Short texts. */
export const word = fc.oneof(fc.string({ unit: "binary", maxLength: 45 }), fc.constantFrom("", "openai/gpt-4o"));
/** Counts that are written by hand. */
export const count = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(0, 127, 128, 16_384, 2 ** 31 - 1));
/** Also numbers that are not written by hand. */
export const odd = fc.oneof(
  { weight: 40, arbitrary: count },
  { weight: 1, arbitrary: fc.constantFrom(-1, -(2 ** 31)) },
);
const large = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 53n }),
  fc.constantFrom(0n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, -1n),
);
/** A time of a message of this name. */
export const time = <Name extends string>($typeName: Name) =>
  fc.record({ $typeName: fc.constant($typeName), seconds: large, nanos: odd });
const duration = time("google.protobuf.Duration");
/** Ordinary but once in thirty times: together they leave most answers to the encoder. */
export const mostly = <T>(usual: T, other: T) =>
  fc.oneof({ weight: 29, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });
/** Fields that the schema does not know. */
export const strange = mostly<UnknownField[]>([], [{ no: 99, wireType: 0, data: Uint8Array.of(1) }]);
/** For what is seldom absent. */
export const rarely = { nil: undefined, freq: 2 } as const;

/** How much was used. */
export const usage = fc.option(
  fc
    .record({
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
    })
    .map((usage): Usage => create(UsageSchema, usage as MessageInitShape<typeof UsageSchema>)),
  rarely,
);

/** What it cost. */
export const cost = fc.option(
  fc
    .record({
      priceList: word,
      estimated: fc.boolean(),
      total: fc.option(fc.record({ currencyCode: word, amountNanos: large }), rarely),
      lines: mostly([], [create(CostLineSchema, { meter: "input" })]),
    })
    .map((cost): Cost => create(CostSchema, cost as MessageInitShape<typeof CostSchema>)),
  rarely,
);

/** How it was served. */
export const routing = fc.option(
  fc
    .record({
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
    })
    .map((routing): RoutingInfo => create(RoutingInfoSchema, routing as MessageInitShape<typeof RoutingInfoSchema>)),
  rarely,
);

/** What providers say besides. */
export const metadata = fc.oneof(
  fc.dictionary(word, fc.dictionary(word, word, { maxKeys: 3 }), { maxKeys: 3 }),
  mostly<Record<string, JsonObject>>({ openai: { system_fingerprint: "fp_1" } }, { b: { c: ["d"] } }),
  mostly<Record<string, JsonObject>>(
    {},
    { openai: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, "a"])) },
  ),
);
