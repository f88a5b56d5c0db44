import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { JsonArrayParser } from "../../src/stream/json-array.ts";
import { pieces, singleBytes } from "../support/pieces.ts";

/** The elements that bytes bring when they arrive in these pieces, and whether the array is closed then. */
function parse(parts: readonly (string | Buffer)[]): { elements: string[]; closed: boolean } {
  const elements: string[] = [];
  const parser = new JsonArrayParser({ element: (text) => elements.push(text) });
  for (const part of parts) parser.push(Buffer.from(part));
  return { elements, closed: parser.end() };
}

/** What `parse` comes to, also where it fails. */
function outcome(parts: readonly (string | Buffer)[]): unknown {
  try {
    return parse(parts);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.info;
  }
}

const value = fc.jsonValue({ stringUnit: "binary" });
const space = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\r"), maxLength: 3 });
const places = fc.array(fc.nat(1000), { maxLength: 10 });
const array = fc.record({
  values: fc.array(value, { maxLength: 6 }),
  indent: fc.nat(2),
  spaces: fc.tuple(space, space),
});

describe("a JSON array", () => {
  it("brings its elements, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(array, places, ({ values, indent, spaces: [before, after] }, at) => {
        const texts = values.map((each) => JSON.stringify(each, undefined, indent));
        const body = texts.map((text) => before + text + after).join(",");
        const bytes = Buffer.from(`${after}[${before}${body}]${before}`);
        const whole = { elements: texts, closed: true };
        expect(parse(pieces(bytes, at))).toEqual(whole);
        expect(parse(singleBytes(bytes))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it("that is cut off brings whole elements only, and is not closed", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), fc.nat(), (values, at) => {
        const bytes = Buffer.from(JSON.stringify(values));
        const { elements, closed } = parse([bytes.subarray(0, at % bytes.length)]);
        expect(closed).toBe(false);
        expect(elements).toEqual(values.slice(0, elements.length).map((each) => JSON.stringify(each)));
      }),
    );
  });

  it("may be anything else without a crash, and the same however it is cut", () => {
    const noise = fc.string({ unit: fc.constantFrom(...'[]{},"\\ 1a\ufeffé'), maxLength: 40 });
    fc.assert(
      fc.property(
        fc.oneof(
          noise,
          noise.map((text) => `[${text}`),
        ),
        places,
        (text, at) => {
          const bytes = Buffer.from(text);
          expect(outcome(pieces(bytes, at))).toEqual(outcome([bytes]));
          if (isArray(text)) expect(outcome([bytes])).toMatchObject({ closed: true });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each<[string, string, string[]]>([
    ["lines between its elements", '[{"a":1}\n,\r\n{"b":2}\n]\n', ['{"a":1}', '{"b":2}']],
    ["brackets and quotes in its strings", '[{"a":"]},[{\\"\\\\"}]', ['{"a":"]},[{\\"\\\\"}']],
    [
      "numbers, words, strings and arrays",
      '[1,-2e3 ,true,null,"x",[[],{}]]',
      ["1", "-2e3", "true", "null", '"x"', "[[],{}]"],
    ],
    ["a byte order mark", "\ufeff[1]", ["1"]],
    ["nothing in it", " [ ] ", []],
  ])("may have %s", (_, text, elements) => {
    expect(parse([text])).toEqual({ elements, closed: true });
  });

  it("brings an object when it is closed, not later", () => {
    const elements: string[] = [];
    const parser = new JsonArrayParser({ element: (text) => elements.push(text) });
    parser.push(Buffer.from('[{"a":1}'));
    expect(elements).toEqual(['{"a":1}']);
  });

  it.each([
    ["nothing", ""],
    ["blanks", " \n"],
    ["no end", "[1"],
    ["an object without end", '[{"a":['],
    ["a comma at the end", "[1,"],
  ])("is not closed when there is %s", (_, text) => {
    expect(parse([text]).closed).toBe(false);
  });

  it.each([
    ["something before it", '{"error":1}'],
    ["a mark twice", "\ufeff\ufeff[]"],
    ["something after it", "[1] x"],
    ["half a character after it", Buffer.concat([Buffer.from("[]"), Buffer.of(0xc3)])],
    ["another array after it", "[1][2]"],
    ["no comma between its elements", "[{}{}]"],
    ["a blank within a number", "[1 2]"],
    ["no element before a comma", "[,1]"],
    ["no element between commas", "[1,,2]"],
    ["no element after a comma", "[1,]"],
    ["a bracket too many", "[}]"],
  ])("is refused with %s", (_, bytes) => {
    const refused = expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause: "bad_json" } });
    expect(() => parse([bytes])).toThrow(refused);
  });
});

describe("limits", () => {
  const limited = expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause: "stream_limit" } });
  const mebibyte = 1024 * 1024;

  it("hold an element to 4 MiB, also one that never ends", () => {
    const longest = `["${"x".repeat(4 * mebibyte - 2)}`;
    expect(parse([longest, '"]']).closed).toBe(true);
    expect(() => parse([longest, 'x"]'])).toThrow(limited);
    expect(() => parse([`[${"1".repeat(4 * mebibyte + 1)}`])).toThrow(limited);
    const piece = Buffer.alloc(mebibyte, " ");
    expect(() => parse(["[{", piece, piece, piece, piece])).toThrow(limited);
  });

  it("hold an element to a depth of 256", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(parse([`[${nested(256)}]`]).closed).toBe(true);
    expect(() => parse([`[${nested(257)}]`])).toThrow(limited);
  });

  it("end a run of blanks", () => {
    const blanks = " ".repeat(mebibyte);
    expect(parse([`${blanks}[${blanks}1${blanks},${blanks}2]`]).closed).toBe(true);
    expect(() => parse(["[1,", blanks, " 2]"])).toThrow(limited);
  });
});

function isArray(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
