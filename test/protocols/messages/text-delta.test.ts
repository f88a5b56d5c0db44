import fc from "fast-check";
import { expect, test } from "vitest";
import { headOfDelta, textOfDelta } from "../../../src/protocols/messages/text-delta.ts";

const event = (index: number, text: string) => ({
  type: "content_block_delta",
  index,
  delta: { type: "text_delta", text },
});
const write = (index: number, text: string, blanks: number) =>
  JSON.stringify(event(index, text)).replace(/\}$/, `${" ".repeat(blanks)}}`);
const cutOut = (index: number, data: string) => textOfDelta(data, headOfDelta(index));

test("text of another block is left alone", () => {
  expect(cutOut(1, write(0, "Hello", 0))).toBeUndefined();
  expect(cutOut(1, write(12, "Hello", 0))).toBeUndefined();
});

test("plain text is cut out, padding and all", () => {
  expect(cutOut(0, write(0, "Hello", 15))).toBe("Hello");
  expect(cutOut(12, write(12, "😀 }}", 0))).toBe("😀 }}");
  expect(cutOut(0, write(0, "", 3))).toBe("");
});

test("what it cuts out is what JSON.parse finds", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom('"', "\\", "}", "{", " ", ",", "u", "\n") }),
  );
  fc.assert(
    fc.property(fc.nat(2000), text, fc.nat(20), (index, value, blanks) => {
      const data = write(index, value, blanks);
      const cut = cutOut(index, data);
      if (cut !== undefined) expect(JSON.parse(data)).toEqual(event(index, cut));
      else expect(value).toMatch(/["\\\p{Cc}\p{Cs}]/u);
    }),
  );
});

test("an event that is damaged, longer or another is left to JSON.parse", () => {
  const data = write(0, "Hello", 2);
  const broken = fc.tuple(fc.nat(data.length), fc.nat(3), fc.constantFrom("", "}", '"', " ", ",", '"x":1', "\\", "0"));
  fc.assert(
    fc.property(broken, ([at, gone, extra]) => {
      const changed = data.slice(0, at) + extra + data.slice(at + gone);
      const cut = cutOut(0, changed);
      if (cut !== undefined) expect(JSON.parse(changed).delta.text).toBe(cut);
    }),
  );
});
