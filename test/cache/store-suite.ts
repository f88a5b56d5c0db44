import { expect, type TestAPI } from "vitest";
import type { AnswerStore, Keeping, Tags } from "../../src/cache/store.ts";

/** A store with nothing in it, and the power over its time. */
export interface StoreStage extends AsyncDisposable {
  readonly store: AnswerStore;
  /** Lets time pass, as the store sees it. */
  pass(ms: number): Promise<void>;
}

/** How an answer is kept, of nobody in particular unless it says so. */
export function keeping(ttlMs: number, tags: Partial<Tags> = {}): Keeping {
  return { ttlMs, tags: { tenant: "", keyId: "", model: "", ...tags } };
}

const { signal } = new AbortController();
const answer = Buffer.from([0, 1, 2, 254, 255, 13, 10]);

/** What every driver promises. */
export function storeSuite(
  name: string,
  test: TestAPI | ReturnType<TestAPI["skipIf"]>,
  open: () => Promise<StoreStage>,
): void {
  test(`${name}: gives back what it was given, byte for byte, and nothing else`, async () => {
    await using at = await open();
    await at.store.set("a", Buffer.from(answer), keeping(60_000));
    await at.store.set("b", Buffer.alloc(0), keeping(60_000));
    expect(Buffer.from((await at.store.get("a")) ?? [])).toEqual(answer);
    expect(await at.store.get("b")).toHaveLength(0);
    expect(await at.store.get("c")).toBeUndefined();
  });

  test(`${name}: a later answer replaces an earlier one`, async () => {
    await using at = await open();
    await at.store.set("a", Buffer.from("old"), keeping(60_000));
    await at.store.set("a", Buffer.from("new"), keeping(60_000));
    expect(Buffer.from((await at.store.get("a")) ?? []).toString()).toBe("new");
  });

  test(`${name}: an answer lives for its own time`, async () => {
    await using at = await open();
    await at.store.set("short", Buffer.from(answer), keeping(1000));
    await at.store.set("long", Buffer.from(answer), keeping(60_000));
    await at.pass(500);
    expect(await at.store.get("short")).toBeDefined();
    await at.pass(1000);
    expect(await at.store.get("short")).toBeUndefined();
    expect(await at.store.get("long")).toBeDefined();
  });

  test(`${name}: drops one, and all`, async () => {
    await using at = await open();
    for (const key of ["a", "b", "c"]) await at.store.set(key, Buffer.from(answer), keeping(60_000));
    await at.store.delete("a");
    await at.store.delete("never there");
    expect(await at.store.get("a")).toBeUndefined();
    expect(await at.store.get("b")).toBeDefined();
    await at.store.clear();
    expect([await at.store.get("b"), await at.store.get("c")]).toEqual([undefined, undefined]);
    await at.store.set("b", Buffer.from(answer), keeping(60_000));
    expect(await at.store.get("b")).toBeDefined();
  });

  operatorSuite(name, test, open);
}

/** What drivers promise to operators. */
function operatorSuite(...[name, test, open]: Parameters<typeof storeSuite>): void {
  test(`${name}: drops what has all the tags that are given, and tells how many`, async () => {
    await using at = await open();
    const owners = [
      { tenant: "acme", keyId: "a", model: "up/m" },
      { tenant: "acme", keyId: "b", model: "up/n" },
      { tenant: "", keyId: "c", model: "up/m" },
      { tenant: "acme", keyId: "a", model: "up/n" },
    ];
    for (const [i, tags] of owners.entries()) await at.store.set(`${i}`, Buffer.from(answer), keeping(60_000, tags));
    const left = async () => {
      const found = await Promise.all(owners.map((_, i) => at.store.get(`${i}`)));
      return found.flatMap((bytes, i) => (bytes === undefined ? [] : [i]));
    };
    expect(await at.store.drop({ tenant: "nobody" }, signal)).toBe(0);
    expect(await at.store.drop({ keyId: "a", model: "up/n" }, signal)).toBe(1);
    expect(await left()).toEqual([0, 1, 2]);
    expect(await at.store.drop({ tenant: "" }, signal)).toBe(1);
    expect(await left()).toEqual([0, 1]);
    expect(await at.store.drop({}, signal)).toBe(2);
    expect(await left()).toEqual([]);
    expect(await at.store.drop({}, signal)).toBe(0);
  });

  test(`${name}: counts what it holds`, async () => {
    await using at = await open();
    expect(await at.store.measure(signal)).toEqual({ entries: 0, bytes: 0 });
    for (let i = 0; i < 1200; i++) await at.store.set(`${i}`, new Uint8Array(100), keeping(60_000));
    const { entries, bytes } = await at.store.measure(signal);
    expect(entries).toBe(1200);
    expect(bytes).toBeGreaterThan(1200 * 100);
    await at.store.clear();
    expect(await at.store.measure(signal)).toEqual({ entries: 0, bytes: 0 });
  });
}
