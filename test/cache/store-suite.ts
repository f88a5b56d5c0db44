import { expect, type TestAPI } from "vitest";
import type { AnswerStore } from "../../src/cache/store.ts";

/** A store with nothing in it, and the power over its time. */
export interface StoreStage extends AsyncDisposable {
  readonly store: AnswerStore;
  /** Lets time pass, as the store sees it. */
  pass(ms: number): Promise<void>;
}

const answer = Buffer.from([0, 1, 2, 254, 255, 13, 10]);

/** What every driver promises. */
export function storeSuite(
  name: string,
  test: TestAPI | ReturnType<TestAPI["skipIf"]>,
  open: () => Promise<StoreStage>,
): void {
  test(`${name}: gives back what it was given, byte for byte, and nothing else`, async () => {
    await using at = await open();
    await at.store.set("a", Buffer.from(answer), 60_000);
    await at.store.set("b", Buffer.alloc(0), 60_000);
    expect(Buffer.from((await at.store.get("a")) ?? [])).toEqual(answer);
    expect(await at.store.get("b")).toHaveLength(0);
    expect(await at.store.get("c")).toBeUndefined();
  });

  test(`${name}: a later answer replaces an earlier one`, async () => {
    await using at = await open();
    await at.store.set("a", Buffer.from("old"), 60_000);
    await at.store.set("a", Buffer.from("new"), 60_000);
    expect(Buffer.from((await at.store.get("a")) ?? []).toString()).toBe("new");
  });

  test(`${name}: an answer lives for its own time`, async () => {
    await using at = await open();
    await at.store.set("short", Buffer.from(answer), 1000);
    await at.store.set("long", Buffer.from(answer), 60_000);
    await at.pass(500);
    expect(await at.store.get("short")).toBeDefined();
    await at.pass(1000);
    expect(await at.store.get("short")).toBeUndefined();
    expect(await at.store.get("long")).toBeDefined();
  });

  test(`${name}: drops one, and all`, async () => {
    await using at = await open();
    for (const key of ["a", "b", "c"]) await at.store.set(key, Buffer.from(answer), 60_000);
    await at.store.delete("a");
    await at.store.delete("never there");
    expect(await at.store.get("a")).toBeUndefined();
    expect(await at.store.get("b")).toBeDefined();
    await at.store.clear();
    expect([await at.store.get("b"), await at.store.get("c")]).toEqual([undefined, undefined]);
    await at.store.set("b", Buffer.from(answer), 60_000);
    expect(await at.store.get("b")).toBeDefined();
  });
}
