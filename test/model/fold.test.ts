import { create, equals } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteResponse,
  CompleteResponseSchema,
  HeartbeatSchema,
  PartDeltaSchema,
  PartStartedSchema,
  StreamRestartedSchema,
  TokenLogprobSchema,
  UsageUpdateSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { Fold } from "../../src/model/fold.ts";
import { interleave, response, split } from "../support/any-answer.ts";
import { eventsOf } from "../support/unfold.ts";

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

test("a restart keeps the probabilities of many tokens before its index", () => {
  const tokens = Array.from({ length: 200_000 }, (_, i) => create(TokenLogprobSchema, { token: `${i}` }));
  const told = create(PartDeltaSchema, { index: 0, delta: { case: "text", value: "all" }, logprobs: tokens });
  const { logprobs } = fold([
    { case: "partStarted", value: create(PartStartedSchema, { part: { part: { case: "text", value: "" } } }) },
    { case: "partDelta", value: told },
    { case: "restarted", value: create(StreamRestartedSchema, { fromIndex: 1 }) },
  ]);
  expect(logprobs).toHaveLength(tokens.length);
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
