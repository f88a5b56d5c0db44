import { expect, test } from "vitest";
import { parseExact } from "../../src/protocols/exact-json.ts";

test.each(['{"a":1.0,"b":12345678901234567890,"c":1e5,"d":-0,"e":0.10}', "[1,2.5,true,null]", '{"n":"1.0"}'])(
  "gives %s back as it was",
  (text) => {
    expect(JSON.stringify(parseExact(text))).toBe(text);
  },
);

test("plain numbers are numbers", () => {
  expect(parseExact('{"a":42}')).toEqual({ a: 42 });
});

test("refuses what is no JSON", () => {
  expect(() => parseExact("{")).toThrow(SyntaxError);
});
