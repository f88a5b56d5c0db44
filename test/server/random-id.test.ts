import { expect, test } from "vitest";
import { randomHex, randomUuid } from "../../src/server/random-id.ts";

test("UUIDs are of version 4, whichever bytes they are made of, and no two are the same", () => {
  const ids = Array.from({ length: 1000 }, () => randomUuid());
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(1000);
  // Every digit that is not fixed takes every value.
  for (const place of [0, 7, 9, 15, 20, 24, 35]) expect(new Set(ids.map((id) => id[place])).size).toBe(16);
});

test("ids of digits only are made of the same bytes, each used once", () => {
  const ids = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? randomHex() : randomUuid().replaceAll("-", "")));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(ids).size).toBe(1000);
});
