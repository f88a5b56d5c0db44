import fc from "fast-check";
import { expect, test } from "vitest";
import { idempotencyKeyOf } from "../../src/server/idempotency-key.ts";

test("a key is one to 255 visible ASCII characters, as it came", () => {
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.string({ unit: visible, minLength: 1, maxLength: 255 }), (value) => {
      expect(idempotencyKeyOf(value)).toEqual({ value, choice: 0, choices: 1 });
    }),
  );
  expect(idempotencyKeyOf(undefined)).toBeUndefined();
});

test.each([
  ["nothing", ""],
  ["a space", "a b"],
  ["two", "a, b"],
  ["a list", ["a", "b"]],
  ["long", "k".repeat(256)],
  ["other letters", "ü"],
])("%s is no key", (_, value) => {
  expect(() => idempotencyKeyOf(value)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST" }));
});
