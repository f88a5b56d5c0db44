import fc from "fast-check";
import { expect, test } from "vitest";
import { Envelopes } from "./envelopes.ts";
import { atLeast, atMost, grosslyMissed, type Row, tableOf } from "./goal.ts";
import { Histogram } from "./histogram.ts";
import { Schedule } from "./schedule.ts";
import { slope } from "./steady.ts";
import { Slice, sumOf } from "./tally.ts";

test("a histogram knows every percentile to one percent, also of parts put together", () => {
  const durations = fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, durations, fc.double({ min: 0, max: 1, noNaN: true }), (one, other, quantile) => {
      const parts = [one, other].map((part) => {
        const histogram = new Histogram();
        for (const ms of part) histogram.record(ms);
        return histogram.buckets();
      });
      const sorted = [...one, ...other].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? Number.NaN;
      const all = Histogram.of(...parts);
      expect(all.count).toBe(sorted.length);
      expect(Math.abs(all.at(quantile) / exact - 1)).toBeLessThan(0.01);
    }),
  );
  expect(new Histogram().at(0.99)).toBeNaN();
});

test("a schedule says how many calls are due, phase by phase", () => {
  const schedule = new Schedule([
    { perSecond: 100, durationMs: 1000 },
    { perSecond: 1000, durationMs: 500 },
    { perSecond: 10, durationMs: 2000 },
  ]);
  expect(schedule.durationMs).toBe(3500);
  expect([0, 5, 10, 1000, 1001, 1500, 1600, 3500, 9000].map((ms) => schedule.dueBy(ms))).toEqual([
    0, 0, 1, 100, 101, 600, 601, 620, 620,
  ]);
  expect([0, 999, 1000, 1499, 1500, 3600].map((ms) => schedule.phaseStartMs(ms))).toEqual([
    0, 0, 1000, 1000, 1500, 3500,
  ]);
});

test("slices tell answers, refusals and what should not be from each other", () => {
  const slices = [new Slice(), new Slice()] as const;
  slices[0].sent = 4;
  slices[0].ended({ status: "0", saysWhen: false, firstMs: 3 }, 20);
  slices[0].ended({ status: "8", saysWhen: true }, 1);
  slices[0].ended({ status: "14", saysWhen: false }, 2);
  slices[0].ended({ status: "4", saysWhen: false }, 5000);
  slices[1].sent = 2;
  slices[1].ended({ status: "0", saysWhen: false }, 40);
  slices[1].ended({ status: undefined, saysWhen: false }, 1);
  const sum = sumOf(slices.map((slice) => slice.tally()));
  expect(sum).toMatchObject({ sent: 6, ok: 2, refusedRightly: 2, withoutDelay: 1, wrong: { "4": 1, none: 1 } });
  expect([sum.answered.count, sum.refused.count, sum.first.count]).toEqual([2, 2, 1]);
  expect(sum.answered.at(1)).toBeCloseTo(40, 0);
});

test("the table says what was held, what was missed, and what was missed by far", () => {
  const rows: readonly Row[] = [
    {
      id: "L1",
      priority: "P0",
      load: "0.3 C",
      goals: [
        atMost({ what: "added p50", value: 1.234, limit: 1.5, unit: " ms" }),
        atMost({ what: "errors", value: 3, limit: 0, gross: 2 }),
        atLeast({ what: "answers ÷ C", value: 0.5, limit: 0.8 }),
        atMost({ what: "growth", value: 9, limit: 1, judged: false }),
        atMost({ what: "p99", value: Number.NaN, limit: 1 }),
      ],
    },
    { id: "L6", priority: "P1", load: "idle", goals: [atMost({ what: "CPU", value: 90, limit: 5, unit: " %" })] },
  ];
  expect(tableOf(rows).trimEnd().split("\n").slice(2)).toEqual([
    "| L1 (P0) | 0.3 C | added p50 ≤ 1.5 ms | 1.23 ms | held |",
    "|  |  | errors: none | 3 | **missed** |",
    "|  |  | answers ÷ C ≥ 0.8 | 0.50 | **missed** |",
    "|  |  | growth ≤ 1 | 9 | too short to tell |",
    "|  |  | p99 ≤ 1 | NaN | **missed** |",
    "| L6 (P1) | idle | CPU ≤ 5 % | 90 % | **missed** |",
  ]);
  expect(grosslyMissed(rows)).toEqual(["L1: errors: none", "L1: p99 ≤ 1"]);
});

test("a slope is that of the line through the points", () => {
  expect(slope([0, 1, 2, 3].map((x) => [x, 5 + 2 * x]))).toBeCloseTo(2);
  expect(slope([0, 1, 2, 3].map((x) => [x, 7]))).toBe(0);
});

test("messages come out of their envelopes however these are cut", () => {
  const messages = ["", "a", "b".repeat(300)].map((text) => Buffer.from(text));
  const bytes = Buffer.concat(
    messages.flatMap((message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return [head, message];
    }),
  );
  for (const size of [1, 4, 7, bytes.length]) {
    const taken: string[] = [];
    const envelopes = new Envelopes((message) => taken.push(message.toString()));
    for (let at = 0; at < bytes.length; at += size) envelopes.push(bytes.subarray(at, at + size));
    expect(taken).toEqual(messages.map((message) => message.toString()));
  }
});
