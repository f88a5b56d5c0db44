import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HeartbeatSchema, PartFinishedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { EventEncoder } from "../../../src/services/event-encoder.ts";
import { Journal } from "../../../src/services/resume/journal.ts";

const heartbeat: Chunk = { case: "heartbeat", value: create(HeartbeatSchema) };
const event = fc.oneof(
  fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }).map((text): Chunk => textDelta(1, text)),
  fc.constant<Chunk>({ case: "partFinished", value: create(PartFinishedSchema, { index: 1 }) }),
  fc.constant(heartbeat),
);
const batches = fc.array(fc.array(event, { minLength: 1, maxLength: 5 }), { maxLength: 60 });

/** A journal that has these batches, the sum of what it said of its memory, and the events that have a number. */
function filled(all: readonly (readonly Chunk[])[], bytesMax: number) {
  let bytes = 0;
  const journal = new Journal(bytesMax, (grown) => {
    bytes += grown;
  });
  const encoder = new EventEncoder();
  for (const batch of all) journal.append(encoder.encode(batch), encoder.sequence);
  return { journal, told: bytes, numbered: all.flat().filter((each) => each !== heartbeat) };
}

function readFrom(journal: Journal, place: number): Chunk[] | undefined {
  const events: Chunk[] = [];
  while (place < journal.end) {
    const reading = journal.read(place);
    if (reading === undefined) return undefined;
    events.push(...reading.events);
    place = reading.place;
  }
  return events;
}

test("what was appended is read from any event on, without heartbeats", () => {
  fc.assert(
    fc.property(batches, fc.nat(), (all, pick) => {
      const { journal, told, numbered } = filled(all, Number.MAX_SAFE_INTEGER);
      const after = pick % (numbered.length + 1);
      expect(journal.sequence).toBe(numbered.length);
      expect(journal.bytes).toBe(told);
      const place = numbered.length === 0 ? 0 : (journal.placeAfter(after) ?? -1);
      expect(readFrom(journal, place)).toEqual(numbered.slice(after));
    }),
  );
});

test("above its bound the oldest events go, whole, and the newest stay", () => {
  fc.assert(
    fc.property(batches, (all) => {
      const { journal, told, numbered } = filled(all, 4096);
      expect(journal.bytes).toBe(told);
      // The newest block stays, however large its batch is.
      expect(journal.bytes).toBeLessThanOrEqual(Math.max(4096, 5 * 300 * 40));
      for (let after = 0; after <= numbered.length; after++) {
        const place = journal.placeAfter(after);
        if (place !== undefined) expect(readFrom(journal, place)).toEqual(numbered.slice(after));
      }
      if (numbered.length > 0) expect(journal.placeAfter(numbered.length)).toBeDefined();
    }),
  );
});

test("a place that is not kept any more has no events", () => {
  const text = "x".repeat(1000);
  const { journal } = filled(
    Array.from({ length: 100 }, () => [textDelta(0, text)]),
    16 * 1024,
  );
  expect(journal.placeAfter(0)).toBeUndefined();
  expect(journal.read(0)).toBeUndefined();
  expect(journal.bytes).toBeLessThanOrEqual(16 * 1024);
  expect(readFrom(journal, journal.placeAfter(99) ?? 0)).toEqual([textDelta(0, text)]);
});
