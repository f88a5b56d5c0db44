import fc from "fast-check";
import { expect, test } from "vitest";
import { Gradient } from "../../src/overload/gradient.ts";

const rules = { callsMin: 10, callsMax: 200 };

/** A target under a constant stream of attempts, a thousand a second, of which no more are made than the limit allows. */
class Load {
  nowMs = 0;
  readonly gradient = new Gradient(() => rules);
  /** Sent, and when each ends. */
  #running: { readonly sentMs: number; readonly endMs: number; readonly fails: boolean }[] = [];
  peak = 0;

  /** @param takesMs how long an attempt takes among so many others. */
  run(
    ms: number,
    perMs: number,
    takesMs: (inFlight: number) => number,
    fails: (n: number) => boolean = () => false,
  ): void {
    let due = 0;
    let sent = 0;
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs++) {
      for (due += perMs; due >= 1; due--) {
        if (this.#running.length >= this.gradient.limit) continue;
        const endMs = this.nowMs + takesMs(this.#running.length + 1);
        this.#running.push({ sentMs: this.nowMs, endMs, fails: fails(sent++) });
      }
      this.peak = Math.max(this.peak, this.#running.length);
      const ended = this.#running.filter(({ endMs }) => endMs <= this.nowMs);
      for (const { sentMs, fails } of ended) {
        const latencyMs = this.nowMs - sentMs;
        if (fails) this.gradient.failed(sentMs, this.#running.length, this.nowMs);
        else this.gradient.answered({ sentMs, latencyMs, stream: false }, this.#running.length, this.nowMs);
        this.#running = this.#running.filter((each) => each.sentMs !== sentMs || each.endMs > this.nowMs);
      }
    }
  }
}

test("a target that is well is not limited", () => {
  const load = new Load();
  load.run(5000, 1, () => 50);
  expect(load.gradient.limit).toBe(rules.callsMax);
});

test("a target that becomes ten times slower under load is called less, and more again soon after it is well", () => {
  const load = new Load();
  load.run(3000, 1, () => 50);
  load.run(3000, 1, () => 500);
  expect(load.gradient.limit).toBeLessThan(rules.callsMax / 4);
  load.run(10_000, 1, () => 50);
  expect(load.gradient.limit).toBe(rules.callsMax);
});

test("a target with room for forty settles near that, and is kept from queueing", () => {
  const load = new Load();
  load.run(5000, 0.1, () => 200);
  const queueing = (inFlight: number) => 200 * Math.max(1, inFlight / 40);
  load.run(20_000, 4, queueing);
  expect(load.gradient.limit).toBeGreaterThanOrEqual(35);
  expect(load.gradient.limit).toBeLessThanOrEqual(160);
  load.peak = 0;
  load.run(5000, 4, queueing);
  expect(load.peak).toBeLessThanOrEqual(160);
});

test("a target that is slow by itself is not held down for ever: what it takes without load is its pace", () => {
  const load = new Load();
  load.run(3000, 0.5, () => 50);
  load.run(30_000, 0.5, () => 300);
  expect(load.gradient.limit).toBeGreaterThan(150);
});

test("a few calls at once are never the reason for slowness", () => {
  const load = new Load();
  load.run(3000, 0.05, () => 100);
  load.run(20_000, 0.005, () => 1500);
  expect(load.gradient.limit).toBe(rules.callsMax);
});

test("long answers among short ones change nothing, and answers that come by streams are judged apart", () => {
  const load = new Load();
  let n = 0;
  load.run(5000, 0.5, () => (n++ % 3 === 0 ? 20 : 100));
  load.run(10_000, 0.5, () => (n++ % 3 === 0 ? 20 : 2000));
  expect(load.gradient.limit).toBe(rules.callsMax);
  const gradient = new Gradient(() => rules);
  for (let nowMs = 0; nowMs < 20_000; nowMs += 5) {
    const stream = nowMs % 10 === 0;
    gradient.answered({ sentMs: nowMs - 10, latencyMs: stream ? 50 : 5000, stream }, 100, nowMs);
  }
  expect(gradient.limit).toBe(rules.callsMax);
});

test("failures under load count where they are many", () => {
  const few = new Load();
  few.run(
    5000,
    1,
    () => 50,
    (n) => n % 50 === 0,
  );
  expect(few.gradient.limit).toBe(rules.callsMax);
  const many = new Load();
  many.run(
    5000,
    1,
    () => 50,
    (n) => n % 4 === 0,
  );
  expect(many.gradient.limit).toBeLessThan(rules.callsMax / 4);
});

test("whatever is told, the limit stays within its bounds", () => {
  const sample = fc.record({
    passMs: fc.nat(400),
    latencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    stream: fc.boolean(),
    inFlight: fc.nat(1000),
    fails: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 300 }), (samples) => {
      const gradient = new Gradient(() => rules);
      let nowMs = 0;
      for (const { passMs, latencyMs, stream, inFlight, fails } of samples) {
        nowMs += passMs;
        if (fails) gradient.failed(nowMs - latencyMs, inFlight, nowMs);
        else gradient.answered({ sentMs: nowMs - latencyMs, latencyMs, stream }, inFlight, nowMs);
        expect(gradient.limit).toBeGreaterThanOrEqual(rules.callsMin);
        expect(gradient.limit).toBeLessThanOrEqual(rules.callsMax);
        expect(Number.isInteger(gradient.limit)).toBe(true);
      }
    }),
  );
});
