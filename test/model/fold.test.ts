import { create, equals } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteResponse,
  CompleteResponseSchema,
  type FinishReason,
  HeartbeatSchema,
  PartDeltaSchema,
  PartStartedSchema,
  StreamRestartedSchema,
  UsageUpdateSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import {
  ChatMessageSchema,
  type ContentPart,
  ContentPartSchema,
  Role,
  ToolCallSchema,
} from "../../gen/llmhub/v1/content_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { Fold } from "../../src/model/fold.ts";
import { eventsOf } from "../support/unfold.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 });

const partMember: fc.Arbitrary<ContentPart["part"]> = fc.oneof(
  text.map((value) => ({ case: "text" as const, value })),
  text.map((value) => ({ case: "refusal" as const, value })),
  fc.tuple(text, text).map(([name, json]) => ({
    case: "toolCall" as const,
    value: create(ToolCallSchema, { id: `call_${name}`, name, argumentsJson: json }),
  })),
  fc.tuple(text, text).map(([thought, encryptedContent]) => ({
    case: "reasoning" as const,
    value: { $typeName: "llmhub.v1.ReasoningPart" as const, text: thought, summary: false, encryptedContent },
  })),
  text.map((json) => ({
    case: "providerPart" as const,
    value: { $typeName: "llmhub.v1.ProviderPart" as const, provider: "p", kind: "k", json },
  })),
);

const contentPart = fc
  .record({ part: partMember, cited: fc.array(text, { maxLength: 2 }), signature: fc.option(text, { nil: undefined }) })
  .map(({ part, cited, signature }) =>
    create(ContentPartSchema, {
      part,
      citations: cited.map((title) => ({ title })),
      ...(signature === undefined ? {} : { signature: { provider: "p", value: signature } }),
    }),
  );

const response: fc.Arbitrary<CompleteResponse> = fc
  .record({ id: text, parts: fc.array(contentPart, { maxLength: 5 }), tokens: fc.nat(), words: fc.array(text) })
  .map(({ id, parts, tokens, words }) => {
    const whole = create(CompleteResponseSchema, {
      id,
      finishReason: (tokens % 10) as FinishReason,
      nativeFinishReason: id,
      usage: { inputTokens: tokens, source: UsageSource.PROVIDER },
      cost: { priceList: id },
      routing: { model: id },
      createTime: { seconds: 7n },
      warnings: words.map((message) => ({ message })),
      logprobs: words.map((token) => ({ token, logprob: -1 })),
      providerMetadata: { p: { id } },
    });
    if (parts.length > 0) whole.message = create(ChatMessageSchema, { role: Role.ASSISTANT, content: parts });
    return whole;
  });

/** Cuts the text of a delta at every place that `cuts` says. */
function split(event: Chunk, cuts: () => number): Chunk[] {
  if (event.case !== "partDelta" || typeof event.value.delta.value !== "string") return [event];
  const { index, delta } = event.value;
  const pieces: Chunk[] = [];
  let rest = event.value.delta.value;
  do {
    const length = Math.min(rest.length, cuts());
    const piece = { ...delta, value: rest.slice(0, length) } as typeof delta;
    pieces.push({ case: "partDelta", value: create(PartDeltaSchema, { index, delta: piece }) });
    rest = rest.slice(length);
  } while (rest !== "");
  return pieces;
}

/** Merges the events of parts in any order that keeps each part's own. */
function interleave(events: Chunk[], pick: () => number): Chunk[] {
  const queues = new Map<number, Chunk[]>();
  for (const event of events) {
    const index = "index" in event.value ? event.value.index : -1;
    queues.set(index, [...(queues.get(index) ?? []), event]);
  }
  const merged: Chunk[] = [];
  while (queues.size > 0) {
    const keys = [...queues.keys()];
    const key = keys[pick() % keys.length] ?? 0;
    const queue = queues.get(key) ?? [];
    merged.push(...queue.splice(0, 1));
    if (queue.length === 0) queues.delete(key);
  }
  return merged;
}

function fold(events: readonly Chunk[]): CompleteResponse {
  const folded = new Fold();
  for (const event of events) folded.add(event);
  return folded.response();
}

test("the events of an answer, in any split and order of parts, fold to the answer", () => {
  fc.assert(
    fc.property(response, fc.array(fc.nat(9), { minLength: 1 }), (whole, numbers) => {
      let turn = 0;
      const next = () => numbers[turn++ % numbers.length] ?? 0;
      const events = eventsOf(whole);
      const [first, ...rest] = events;
      const last = rest.pop();
      if (first === undefined || last === undefined) throw new Error("an answer has a first and a last event");
      const middle = interleave(
        rest.flatMap((event) => split(event, () => 1 + next())),
        next,
      );
      const heartbeat: Chunk = { case: "heartbeat", value: create(HeartbeatSchema) };
      expect(equals(CompleteResponseSchema, fold(events), whole)).toBe(true);
      expect(equals(CompleteResponseSchema, fold([first, heartbeat, ...middle, last]), whole)).toBe(true);
    }),
  );
});

test("what a restart voids leaves no trace", () => {
  fc.assert(
    fc.property(response, response, fc.nat(), (voided, whole, cut) => {
      const [first, ...rest] = eventsOf(whole);
      if (first === undefined) throw new Error("an answer has a first event");
      const middle = eventsOf(voided).slice(1, -1);
      const usage: Chunk = { case: "usage", value: create(UsageUpdateSchema, { usage: { inputTokens: 9 } }) };
      const restarted: Chunk = { case: "restarted", value: create(StreamRestartedSchema) };
      const broken = [...middle.slice(0, cut % (middle.length + 1)), usage];
      expect(equals(CompleteResponseSchema, fold([first, ...broken, restarted, ...rest]), whole)).toBe(true);
    }),
  );
});

test("a restart keeps the parts before its index", () => {
  fc.assert(
    fc.property(response, fc.nat(6), (whole, fromIndex) => {
      const events = eventsOf(whole).slice(0, -1);
      const restarted: Chunk = { case: "restarted", value: create(StreamRestartedSchema, { fromIndex }) };
      const kept = fold([...events, restarted]).message?.content ?? [];
      expect(kept).toEqual((fold(events).message?.content ?? []).slice(0, fromIndex));
    }),
  );
});

test("folding changes nothing in the events", () => {
  fc.assert(
    fc.property(response, (whole) => {
      const events = eventsOf(whole);
      const before = structuredClone(events);
      fold(events);
      expect(events).toEqual(before);
    }),
  );
});

test("usage holds until a later one replaces it, also without a finished event", () => {
  const usage = (outputTokens: number): Chunk => ({
    case: "usage",
    value: create(UsageUpdateSchema, { usage: { outputTokens } }),
  });
  expect(fold([usage(1), usage(5)]).usage?.outputTokens).toBe(5);
});

test("events and deltas it does not know are skipped", () => {
  const unknown: Chunk = JSON.parse('{"case":"surprise","value":{}}');
  const empty: Chunk = { case: "partDelta", value: create(PartDeltaSchema, { index: 3 }) };
  expect(equals(CompleteResponseSchema, fold([unknown, empty]), create(CompleteResponseSchema))).toBe(true);
});

test("a delta that fits no part is an error, not lost text", () => {
  const tool: Chunk = {
    case: "partStarted",
    value: create(PartStartedSchema, { index: 0, part: { part: { case: "toolCall", value: { name: "f" } } } }),
  };
  expect(() => fold([textDelta(0, "a")])).toThrow("part 0 of the answer has not begun");
  expect(() => fold([tool, textDelta(0, "a")])).toThrow("cannot take a delta of text");
  expect(() => fold([tool, tool])).toThrow("begins twice");
});

test("a hundred thousand deltas fold in linear time", () => {
  const begin: Chunk = {
    case: "partStarted",
    value: create(PartStartedSchema, { index: 0, part: { part: { case: "text", value: "" } } }),
  };
  const deltas = Array.from({ length: 100_000 }, () => textDelta(0, "token "));
  const part = fold([begin, ...deltas]).message?.content[0]?.part;
  expect(part?.case === "text" && part.value.length).toBe(600_000);
});
