import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStore } from "../../src/cache/memory.ts";
import { keeping, storeSuite } from "./store-suite.ts";

function stage(bytesMax = 1024 ** 2) {
  let nowMs = 1000;
  let evictions = 0;
  const store = new MemoryStore({ bytesMax, now: () => nowMs, evicted: () => evictions++ });
  return {
    store,
    evictions: () => evictions,
    pass: async (ms: number) => {
      nowMs += ms;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

storeSuite("memory", test, async () => stage());

test("what was not used for the longest time makes room, and is counted", async () => {
  const { store, evictions } = stage(3 * 1256);
  for (const key of ["a", "b", "c"]) await store.set(key, new Uint8Array(1000), keeping(60_000));
  await store.get("a");
  await store.set("d", new Uint8Array(1000), keeping(60_000));
  expect(await store.get("b")).toBeUndefined();
  expect(await store.get("a")).toHaveLength(1000);
  expect([evictions(), store.statistics]).toEqual([1, { entries: 3, bytes: 3768 }]);
});

test("an answer above all room is not kept", async () => {
  const { store } = stage(2000);
  await store.set("a", new Uint8Array(5000), keeping(60_000));
  expect(await store.get("a")).toBeUndefined();
  expect(store.statistics).toEqual({ entries: 0, bytes: 0 });
});

test("whatever comes, the bound holds and the count is right", async () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c", "d", "e"), size: fc.nat(4000), drop: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const { store } = stage(8000);
      for (const { key, size, drop } of steps) {
        if (drop) await store.delete(key);
        else await store.set(key, new Uint8Array(size), keeping(60_000));
        expect(store.statistics.bytes).toBeLessThanOrEqual(8000);
      }
      const kept = await Promise.all(["a", "b", "c", "d", "e"].map((key) => store.get(key)));
      const sizes = kept.flatMap((bytes) => (bytes === undefined ? [] : [bytes.length + 256]));
      expect(store.statistics).toEqual({ entries: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) });
    }),
  );
});
