import fc from "fast-check";
import { expect, test } from "vitest";
import { BytePattern } from "../../src/stream/byte-pattern.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "日", "\x7f", " ", '"'), maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));

test("is where the same bytes are, and nowhere else", () => {
  fc.assert(
    fc.property(
      text,
      bytes,
      bytes,
      fc.nat(400),
      fc.integer({ min: 1, max: 255 }),
      (text, before, after, place, flip) => {
        const pattern = new BytePattern(text);
        const all = Buffer.concat([before, Buffer.from(text), after]);
        expect(pattern.isAt(all, before.length)).toBe(true);
        for (let at = -1; at <= all.length; at++) {
          const isThere = at >= 0 && all.subarray(at, at + pattern.length).equals(Buffer.from(text));
          expect(pattern.isAt(all, at)).toBe(isThere);
        }
        if (pattern.length === 0) return;
        const changed = Buffer.from(all);
        const at = before.length + (place % pattern.length);
        changed[at] = (changed[at] as number) ^ flip;
        expect(pattern.isAt(changed, before.length)).toBe(false);
      },
    ),
  );
});

test("looks no further than the bytes it is given", () => {
  const pattern = new BytePattern("data: 12345678");
  const bytes = Buffer.from("data: 12345678");
  expect(pattern.isAt(bytes.subarray(0, 13), 0)).toBe(false);
  expect(pattern.isAt(bytes.subarray(1), -1)).toBe(false);
});
