import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { CodePoints } from "../../src/model/code-points.ts";

const pieces = fc.array(fc.constantFrom("a", "é", "漢", "😀", "\ud83d", "\ude00", "word "), { maxLength: 40 });

test("finds what iterating finds, however the text came", () => {
  fc.assert(
    fc.property(pieces, (texts) => {
      const points = new CodePoints("");
      for (const text of texts) points.add(text);
      const letters = [...texts.join("")];
      expect(points.count).toBe(letters.length);
      expect(points.units).toBe(texts.join("").length);
      for (let before = 0; before <= letters.length; before++) {
        const units = letters.slice(0, before).join("").length;
        expect(points.unitsBefore(before)).toBe(units);
        expect(points.pointsBefore(units)).toBe(before);
      }
    }),
  );
});

test("beyond the end there is only the end", () => {
  expect(new CodePoints("a😀").unitsBefore(9)).toBe(3);
});

test("a text is read once, whatever is asked", () => {
  const text = "😀 words ".repeat(2000);
  const looks = vi.spyOn(String.prototype, "charCodeAt");
  const points = new CodePoints(text);
  for (let at = text.length; at > 0; at -= 7) points.unitsBefore(points.pointsBefore(at));
  const count = looks.mock.calls.length;
  looks.mockRestore();
  expect(count).toBe(text.length);
});
