import { expect, test } from "vitest";
import { asciiIn } from "../../src/stream/ascii.ts";

test.each(Array.from({ length: 40 }, (_, length) => length))("reads %i characters", (length) => {
  const text = Array.from({ length }, (_, i) => String.fromCharCode(0x20 + i)).join("");
  const bytes = Buffer.from(`<${text}>`);
  expect(asciiIn(bytes, 1, 1 + length)).toBe(text);
});
