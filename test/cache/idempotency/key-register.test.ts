import { expect, test } from "vitest";
import { KeyRegister } from "../../../src/cache/idempotency/key-register.ts";
import { MemoryRecords, tags } from "../../../src/cache/idempotency/stores.ts";

const record = Buffer.alloc(64, 1);
const other = Buffer.alloc(64, 2);

function register() {
  const clock = { nowMs: 1000 };
  const now = () => clock.nowMs;
  const records = () => new MemoryRecords({ bytesMax: 10_000, now, evicted: () => undefined });
  return { clock, records, keys: new KeyRegister(records(), now) };
}

const by = (fence: string) => ({ ttlMs: 60_000, tags, fence });

test("one has the turn, the others wait, and only what it writes is kept", async () => {
  const { keys } = register();
  expect(await keys.take("k", "one")).toBe("mine");
  expect(await keys.take("k", "two")).toBe("taken");
  expect(await keys.set("k", other, by("two"))).toBe(false);
  expect(await keys.set("k", record, by("one"))).toBe(true);
  await keys.leave("k", "two", false);
  expect(await keys.take("k", "two")).toBe("taken");
  await keys.leave("k", "one", false);
  expect(await keys.get("k")).toEqual(record);
  // Nobody has the turn, and one has written.
  expect(await keys.set("k", other, by("late"))).toBe(false);
});

test("a turn that nobody extends ends, and one that is given up for all is open for a moment", async () => {
  const { keys, clock } = register();
  await keys.take("k", "one");
  clock.nowMs += 9000;
  expect(await keys.extend("k", "one")).toBe(true);
  expect(await keys.extend("k", "two")).toBe(false);
  clock.nowMs += 9000;
  expect(await keys.take("k", "two")).toBe("taken");
  clock.nowMs += 1000;
  expect(await keys.take("k", "two")).toBe("mine");
  expect(await keys.extend("k", "one")).toBe(false);
  await keys.leave("k", "two", true);
  expect(await keys.take("k", "three")).toBe("open");
  clock.nowMs += 2000;
  expect(await keys.take("k", "three")).toBe("mine");
});

test("where the room for records changes, a call that runs still has its turn", async () => {
  const { keys, records } = register();
  await keys.set("done", record, { ttlMs: 60_000, tags });
  await keys.take("k", "one");
  keys.keepIn(records());
  expect(await keys.get("done")).toBeUndefined();
  expect(await keys.take("k", "two")).toBe("taken");
  expect(await keys.set("k", record, by("one"))).toBe(true);
});
