import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GatewayError } from "../../src/model/error.ts";
import { TimeLimit } from "../../src/upstream/time-limit.ts";

const limits = { firstOutputMs: 100, idleMs: 50, totalMs: 1000 };

/** Resolves when all that had come is read. */
const read = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  // Nothing is left to be read.
  vi.stubGlobal("setImmediate", (run: (limit: TimeLimit) => void, limit: TimeLimit) => run(limit));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A limit on the fake clock, with the causes of its expiries and when they came. */
function start(chosen = limits) {
  const startMs = performance.now();
  const expired: string[] = [];
  const expire = ({ info, reason }: GatewayError) => {
    expect(reason).toBe("PROVIDER_TIMEOUT");
    expired.push(`${info["cause"]} of ${info["timeoutMs"]} at ${Math.round(performance.now() - startMs)}`);
    limit.stop();
  };
  const limit = new TimeLimit(chosen, { expired: expire });
  return { limit, expired };
}

test("no output expires at the limit for the first output", () => {
  const { expired } = start();
  vi.advanceTimersByTime(99);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual(["first_output of 100 at 100"]);
});

test("silence after output expires at the idle limit, counted from the last output", () => {
  const { limit, expired } = start();
  for (let ms = 0; ms < 5; ms++) {
    vi.advanceTimersByTime(40);
    limit.progress(performance.now());
  }
  vi.advanceTimersByTime(49);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual(["idle of 50 at 250"]);
});

test("progress without end expires at the total", () => {
  const { limit, expired } = start();
  for (let ms = 0; ms < 60; ms++) {
    vi.advanceTimersByTime(20);
    if (expired.length === 0) limit.progress(performance.now());
  }
  expect(expired).toEqual(["total of 1000 at 1000"]);
});

test("a total below the other limits counts alone", () => {
  const { expired } = start({ firstOutputMs: 100, idleMs: 100, totalMs: 30 });
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual(["total of 30 at 30"]);
});

test("while it is paused only the total runs", () => {
  const { limit, expired } = start();
  limit.progress(performance.now());
  limit.pause(true);
  vi.advanceTimersByTime(999);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(10);
  expect(expired).toEqual(["total of 1000 at 1000"]);
});

test("after a pause that outlasted the idle limit, silence is noticed again", () => {
  const { limit, expired } = start();
  limit.progress(performance.now());
  limit.pause(true);
  vi.advanceTimersByTime(300);
  limit.pause(false);
  vi.advanceTimersByTime(49);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(expired).toEqual(["idle of 50 at 350"]);
});

test("nothing happens once it is stopped", () => {
  const { limit, expired } = start();
  limit.stop();
  vi.advanceTimersByTime(5000);
  expect(expired).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what came while the process was busy is read before the provider is blamed", async () => {
  vi.unstubAllGlobals();
  const { limit, expired } = start();
  vi.advanceTimersByTime(100);
  limit.progress(performance.now());
  await read();
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(50);
  await read();
  expect(expired).toEqual(["idle of 50 at 150"]);
});

test("nothing happens when it is stopped at the last moment", async () => {
  vi.unstubAllGlobals();
  const { limit, expired } = start();
  vi.advanceTimersByTime(100);
  limit.stop();
  await read();
  expect(expired).toEqual([]);
});
