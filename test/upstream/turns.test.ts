import { expect, test } from "vitest";
import { Turns } from "../../src/upstream/turns.ts";

const never = new AbortController().signal;

test("those who wait follow in order, and beyond the bound nobody waits", async () => {
  const turns = new Turns(1, 2);
  const order: string[] = [];
  const enter = async (name: string) => order.push(`${name} ${await turns.begin(never)}`);
  expect(await turns.begin(never)).toBe(true);
  const waiting = [enter("a"), enter("b")];
  await enter("c");
  expect(order).toEqual(["c false"]);
  turns.end();
  await waiting[0];
  expect(order).toEqual(["c false", "a true"]);
  turns.end();
  await waiting[1];
  turns.end();
  expect(await turns.begin(never)).toBe(true);
});

test("who leaves the queue gets no turn, and takes none from the next", async () => {
  const turns = new Turns(1, 2);
  const leaving = new AbortController();
  await turns.begin(never);
  const first = turns.begin(leaving.signal);
  const second = turns.begin(never);
  leaving.abort();
  expect(await first).toBe(false);
  turns.end();
  expect(await second).toBe(true);
  turns.end();
  expect(await turns.begin(leaving.signal)).toBe(false);
  expect(await turns.begin(never)).toBe(true);
});
