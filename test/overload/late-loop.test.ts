import { expect, test } from "vitest";
import { LateLoop } from "../../src/overload/late-loop.ts";

const rules = { callsMax: 1000, callsMin: 50, lateMs: 30 };

/** Looks every 20 ms, each as late as said. */
function look(loop: LateLoop, fromMs: number, ms: number, lateMs: (n: number) => number, inFlight = 400): number {
  let nowMs = fromMs;
  for (let n = 0; nowMs < fromMs + ms; n++) {
    nowMs += 20 + lateMs(n);
    loop.looked({ nowMs, lateMs: lateMs(n), inFlight, rest: 0.5, refused: true });
  }
  return nowMs;
}

test("a loop that stays late lets fewer calls be in flight, down to a floor, and those who wait wait shortly", () => {
  const loop = new LateLoop(() => rules);
  expect([loop.limit, loop.hurryMs()]).toEqual([1000, Number.POSITIVE_INFINITY]);
  const nowMs = look(loop, 0, 600, () => 60);
  expect(loop.limit).toBeLessThan(400);
  expect(loop.hurryMs()).toBe(10);
  look(loop, nowMs, 10_000, () => 60, 60);
  expect(loop.limit).toBe(50);
});

test("a loop that is late now and then is not overloaded", () => {
  const loop = new LateLoop(() => rules);
  look(loop, 0, 5000, (n) => (n % 2 === 0 ? 5 : 200));
  expect(loop.limit).toBe(1000);
});

test("once it is in time the limit grows again, and is forgotten where nothing is in flight", () => {
  const loop = new LateLoop(() => rules);
  let nowMs = look(loop, 0, 10_000, () => 60, 60);
  nowMs = look(loop, nowMs, 1000, () => 0, 50);
  const carefully = loop.limit;
  expect(carefully).toBeGreaterThan(60);
  expect(carefully).toBeLessThan(90);
  expect(loop.hurryMs()).toBe(Number.POSITIVE_INFINITY);
  look(loop, nowMs, 4000, () => 0, 10);
  expect(loop.limit).toBe(1000);
  look(loop, nowMs, 10_000, () => 60, 60);
  loop.rested();
  expect([loop.limit, loop.hurryMs()]).toEqual([1000, Number.POSITIVE_INFINITY]);
});

test("a loop without rest that has to refuse lets in fewer and fewer, until it has some", () => {
  const loop = new LateLoop(() => rules);
  let nowMs = 0;
  const crowd = (rest: number, refused: boolean, looks: number) => {
    for (let n = 0; n < looks; n++) {
      nowMs += 25;
      loop.looked({ nowMs, lateMs: 5, inFlight: 100, rest, refused });
    }
  };
  crowd(0, false, 400);
  expect([loop.limit, loop.hurryMs()]).toEqual([1000, Number.POSITIVE_INFINITY]);
  crowd(0.01, true, 16);
  const fewer = loop.limit;
  expect(fewer).toBeLessThan(100);
  expect(loop.hurryMs()).toBe(10);
  crowd(0, true, 400);
  expect(loop.limit).toBe(4);
  crowd(0.05, true, 40);
  expect(loop.limit).toBeGreaterThan(4);
  expect(loop.hurryMs()).toBe(Number.POSITIVE_INFINITY);
});
