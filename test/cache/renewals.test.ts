import { expect, test } from "vitest";
import { type Life, Renewals } from "../../src/cache/renewals.ts";
import { GatewayError } from "../../src/model/error.ts";

const stopped = new GatewayError("GATEWAY_DRAINING", "stop");

/** Work that ends when it is told to, or cut off. */
function works() {
  const begun: { readonly key: string; readonly life: Life; readonly end: () => void }[] = [];
  const work = (key: string) => (life: Life) =>
    new Promise<void>((resolve, reject) => {
      life.signal.addEventListener("abort", () => reject(life.signal.reason));
      begun.push({ key, life, end: resolve });
    });
  return { begun, work };
}

test("one at a time for each key", async () => {
  const renewals = new Renewals();
  const { begun, work } = works();
  for (const key of ["a", "a", "b", "a"]) renewals.begin(key, work(key));
  expect(begun.map(({ key }) => key)).toEqual(["a", "b"]);
  begun[0]?.end();
  await new Promise(setImmediate);
  renewals.begin("a", work("a"));
  expect(begun.map(({ key }) => key)).toEqual(["a", "b", "a"]);
  await renewals.close(stopped);
});

test("a bounded number together, and one that fails makes room", async () => {
  const renewals = new Renewals();
  const { begun, work } = works();
  renewals.begin("failing", () => Promise.reject(new Error("down")));
  await new Promise(setImmediate);
  for (let i = 0; i < 100; i++) renewals.begin(`${i}`, work(`${i}`));
  expect(begun).toHaveLength(32);
  await renewals.close(stopped);
});

test("the end cuts off what is under way, waits for it, and lets none begin", async () => {
  const renewals = new Renewals();
  const { begun, work } = works();
  renewals.begin("a", work("a"));
  await renewals.close(stopped);
  expect(begun[0]?.life.signal.reason).toBe(stopped);
  renewals.begin("b", work("b"));
  expect(begun).toHaveLength(1);
  expect((begun[0]?.life.deadlineMs ?? 0) - (begun[0]?.life.startMs ?? 0)).toBeCloseTo(120_000);
});
