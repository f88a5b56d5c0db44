import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { CodePoints } from "../../src/model/code-points.ts";

const texts = fc
  .array(fc.constantFrom("a", "é", "漢", "😀", "\ud83d", "\ude00"), { maxLength: 40 })
  .map((each) => each.join(""));
const positions = fc.array(fc.nat(60), { minLength: 1, maxLength: 12 });

test("finds units as iterating from the beginning does, in whatever order positions come", () => {
  fc.assert(
    fc.property(texts, positions, (text, wanted) => {
      const points = new CodePoints();
      for (const each of wanted) {
        expect(points.unitsBefore(text, each)).toBe([...text].slice(0, each).join("").length);
      }
    }),
  );
});

test("finds code points as iterating from the beginning does", () => {
  fc.assert(
    fc.property(texts, positions, (text, wanted) => {
      const points = new CodePoints();
      for (const each of wanted) {
        const units = [...text].slice(0, each).join("").length;
        expect(points.pointsBefore(text, units)).toBe(Math.min(each, [...text].length));
      }
    }),
  );
});

test("a text that grows is gone on with", () => {
  const points = new CodePoints();
  expect(points.unitsBefore("a😀", 2)).toBe(3);
  expect(points.unitsBefore("a😀b😀", 4)).toBe(6);
  expect(points.pointsBefore("a😀b😀", 1)).toBe(1);
});

test("sources in order take one pass together", () => {
  const text = "😀 words ".repeat(2000);
  const length = [...text].length;
  const looks = vi.spyOn(String.prototype, "charCodeAt");
  const points = new CodePoints();
  // Several sources name the same passage.
  for (let from = 0; from < length; from += 10) {
    for (let source = 0; source < 3; source++) {
      points.unitsBefore(text, from);
      points.unitsBefore(text, from + 10);
    }
  }
  const { length: count } = looks.mock.calls;
  looks.mockRestore();
  // Two looks for each code point, and each passage is gone through forth, back, forth, back and forth.
  expect(count).toBeLessThanOrEqual(2 * 5 * length);
});
