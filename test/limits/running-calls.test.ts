import { expect, test } from "vitest";
import { RunningCalls } from "../../src/limits/running-calls.ts";

test("calls are looked at until they end, by themselves or when asked", async () => {
  const running = new RunningCalls();
  const seen = { one: 0, other: 0 };
  const end = Promise.withResolvers<void>();
  running.follow(() => seen.one++, end.promise);
  running.follow(() => seen.other++, new Promise(() => undefined));
  running.look();
  expect(seen).toEqual({ one: 1, other: 1 });
  end.resolve();
  await end.promise;
  running.look();
  expect(seen.one).toBe(1);
  await expect.poll(() => seen.other, { timeout: 5000 }).toBeGreaterThan(2);
});
