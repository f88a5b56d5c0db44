import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryGuard, usedPart } from "../../src/overload/memory-guard.ts";

const rules = { shedAbove: 0.85, resetAbove: 0.93 };

function states(...used: number[]): string[] {
  const guard = new MemoryGuard(() => rules);
  return used.map((part) => guard.looked(part));
}

test("each state ends a little below where it began", () => {
  expect(states(0.5, 0.86, 0.82, 0.79, 0.82)).toEqual(["fine", "shed", "shed", "fine", "fine"]);
  expect(states(0.94, 0.9, 0.87, 0.9, 0.82, 0.7)).toEqual(["reset", "reset", "shed", "shed", "shed", "fine"]);
  expect(states(0.94, 0.84)).toEqual(["reset", "shed"]);
});

test("the fuller of memory and heap counts, and no limit is never reached", () => {
  const reading = { residentBytes: 500, limitBytes: 1000, heapUsedBytes: 10, heapLimitBytes: 100 };
  expect(usedPart(reading)).toBe(0.5);
  expect(usedPart({ ...reading, heapUsedBytes: 90 })).toBe(0.9);
  expect(usedPart({ ...reading, limitBytes: Number.POSITIVE_INFINITY })).toBe(0.1);
});

test("above a threshold there is always its state, and well below never", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { maxLength: 50 }), (used) => {
      for (const [i, state] of states(...used).entries()) {
        const part = used[i] ?? 0;
        if (part > 0.93) expect(state).toBe("reset");
        if (part > 0.85) expect(state).not.toBe("fine");
        if (part < 0.87) expect(state).not.toBe("reset");
        if (part < 0.79) expect(state).toBe("fine");
      }
    }),
  );
});
