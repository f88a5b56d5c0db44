import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineParser } from "../../src/stream/lines.ts";
import { pieces, singleBytes } from "../support/pieces.ts";

/** The lines that bytes bring when they arrive in these pieces, and then end. */
function parse(parts: readonly (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const parser = new LineParser({ line: (text) => lines.push(text) });
  for (const part of parts) parser.push(Buffer.from(part));
  parser.end();
  return lines;
}

const document = fc.json().filter((text) => text.trim() === text);
const blank = fc.constantFrom("", " ", "\t ");
const lineEnd = fc.constantFrom("\n", "\r\n");
const stream = fc.record({
  mark: fc.constantFrom("", "\ufeff"),
  lines: fc.array(fc.tuple(fc.oneof(document, blank), lineEnd), { maxLength: 20 }),
  last: fc.oneof(document, fc.constant("")),
});
const places = fc.array(fc.nat(1000), { maxLength: 10 });

describe("newline-delimited JSON", () => {
  it("brings its documents, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(stream, places, ({ mark, lines, last }, at) => {
        const bytes = Buffer.from(mark + lines.flat().join("") + last);
        const documents = [...lines.map(([text]) => text), last].filter((text) => text.trim() !== "");
        expect(parse(pieces(bytes, at))).toEqual(documents);
        expect(parse(singleBytes(bytes))).toEqual(documents);
      }),
      { numRuns: 300 },
    );
  });

  it("may be anything else without a crash, and the same however it is cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), places, (array, at) => {
        const bytes = Buffer.from(array);
        expect(parse(pieces(bytes, at))).toEqual(parse([bytes]));
      }),
    );
  });

  it.each<[string, string, string[]]>([
    ["LF", '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ["CRLF", '{"a":1}\r\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']],
    ["no newline at its end", '{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']],
    ["a CR at its end", '{"a":1}\r', ['{"a":1}']],
    ["blank lines", '\n\r\n \t\r\n{"a":1}\n\n', ['{"a":1}']],
    ["a byte order mark", '\ufeff{"a":1}\n', ['{"a":1}']],
    ["nothing", "", []],
  ])("may have %s", (_, text, lines) => {
    expect(parse([text])).toEqual(lines);
  });

  it("brings a line when its newline is there, not later", () => {
    const lines: string[] = [];
    const parser = new LineParser({ line: (text) => lines.push(text) });
    parser.push(Buffer.from("1\n2"));
    expect(lines).toEqual(["1"]);
  });
});

describe("limits", () => {
  const limited = expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause: "stream_limit" } });
  const longest = "x".repeat(1024 * 1024);

  it("hold a line to 1 MiB, also one that never ends", () => {
    expect(parse([longest, "\n"])).toHaveLength(1);
    expect(() => parse([longest, "x"])).toThrow(limited);
    expect(() => parse([`${longest}x\n`])).toThrow(limited);
  });

  it("end a run of blank lines", () => {
    expect(() => parse(["\n".repeat(100_001)])).toThrow(limited);
    expect(parse([`${"\r\n".repeat(90_000)}1\n`.repeat(2)])).toEqual(["1", "1"]);
  });
});
