import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchQueue } from "../../src/stream/batch-queue.ts";

/** A queue of numbers that counts how often it called back. */
function queue() {
  const calls = { taken: 0, left: 0 };
  const made = new BatchQueue<number>(
    () => void calls.taken++,
    () => void calls.left++,
  );
  const put = (...items: number[]): void => {
    made.items.push(...items);
    made.wake();
  };
  return { queue: made, put, calls };
}

const done = { done: true, value: undefined };

test("what came before the reader is one batch", async () => {
  const { queue: made, put, calls } = queue();
  put(1, 2);
  put(3);
  expect(await made.next()).toEqual({ done: false, value: [1, 2, 3] });
  expect(calls.taken).toBe(1);
});

test("what comes in one turn while the reader waits is one batch", async () => {
  const { queue: made, put } = queue();
  const next = made.next();
  put(1);
  put(2);
  expect(await next).toEqual({ done: false, value: [1, 2] });
});

test("waking without anything to take wakes nobody", async () => {
  const { queue: made, put } = queue();
  const next = made.next();
  made.wake();
  await new Promise(process.nextTick);
  put(1);
  expect(await next).toEqual({ done: false, value: [1] });
});

test("the end comes after what is left, for good", async () => {
  const { queue: made, put, calls } = queue();
  put(1);
  made.end();
  expect(await made.next()).toEqual({ done: false, value: [1] });
  expect(await made.next()).toEqual(done);
  expect(await made.next()).toEqual(done);
  await made.return();
  expect(calls.left).toBe(0);
});

test("the end reaches a reader that waits", async () => {
  const { queue: made } = queue();
  const next = made.next();
  made.end();
  expect(await next).toEqual(done);
});

test.each(["before", "while"])("a failure %s the reader waits comes after what is left, once", async (when) => {
  const { queue: made, put } = queue();
  const fault = new Error("reset");
  const early = when === "while" ? made.next() : undefined;
  put(1);
  made.fail(fault);
  expect(await (early ?? made.next())).toEqual({ done: false, value: [1] });
  await expect(made.next()).rejects.toBe(fault);
  expect(await made.next()).toEqual(done);
});

test("a failure reaches a reader that waits for nothing else", async () => {
  const { queue: made } = queue();
  const next = made.next();
  made.fail(new Error("reset"));
  await expect(next).rejects.toThrow("reset");
});

test("only the first ending counts", async () => {
  const { queue: made } = queue();
  made.end();
  made.fail(new Error("late"));
  expect(await made.next()).toEqual(done);
});

test("a reader that gives up drops what is left and says so once", async () => {
  const { queue: made, put, calls } = queue();
  put(1);
  expect(await made.return()).toEqual(done);
  await made.return();
  expect(calls).toEqual({ taken: 0, left: 1 });
  expect(await made.next()).toEqual(done);
});

test("nothing is lost, doubled or reordered, however writers and the reader alternate", async () => {
  const turn = fc.record({ count: fc.integer({ min: 0, max: 5 }), pause: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 30 }), async (turns) => {
      const { queue: made, put, calls } = queue();
      const read = (async () => {
        const batches: (readonly number[])[] = [];
        for await (const batch of made) batches.push(batch);
        return batches;
      })();
      let sent = 0;
      for (const { count, pause } of turns) {
        for (let i = 0; i < count; i++) put(sent++);
        if (pause) await new Promise(setImmediate);
      }
      made.end();
      const batches = await read;
      expect(batches.flat()).toEqual(Array.from({ length: sent }, (_, i) => i));
      expect(batches.every(({ length }) => length > 0)).toBe(true);
      expect(calls).toEqual({ taken: batches.length, left: 0 });
    }),
  );
});
