import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Lasting } from "../../src/server/lasting.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("finds what is still there, once, and needs one timer for all", () => {
  const found: string[] = [];
  const lasting = new Lasting<string>(1000, (item) => void found.push(item));
  lasting.add("a");
  lasting.add("b");
  vi.advanceTimersByTime(600);
  lasting.add("late");
  lasting.remove("a");
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(400);
  expect(found).toEqual(["b", "late"]);
  vi.advanceTimersByTime(5000);
  expect([found.length, vi.getTimerCount()]).toEqual([2, 0]);
});

test("takes what is added while it looks for the next look", () => {
  const found: number[] = [];
  const lasting = new Lasting<number>(10, (item) => {
    found.push(item);
    if (item < 3) lasting.add(item + 1);
  });
  lasting.add(1);
  vi.advanceTimersByTime(10);
  expect(found).toEqual([1]);
  vi.advanceTimersByTime(20);
  expect(found).toEqual([1, 2, 3]);
  lasting.remove(3);
});
