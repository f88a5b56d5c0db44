import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SseParser } from "../../src/stream/sse.ts";
import { pieces, singleBytes } from "../support/pieces.ts";

type Event = readonly [type: string, data: string];

/** The events that bytes bring when they arrive in these pieces. */
function parse(parts: readonly (string | Buffer)[]): Event[] {
  const events: Event[] = [];
  const parser = new SseParser({ event: (type, data) => events.push([type, data]) });
  for (const piece of parts) parser.push(Buffer.from(piece));
  return events;
}

/** The standard's algorithm on a whole text: slow, plain, and without limits. */
function reference(text: string): Event[] {
  const events: Event[] = [];
  let type = "";
  let data: string[] = [];
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  for (const line of lines.slice(0, -1)) {
    const [, field, value] = /^([^:]*)(?::[ ]?(.*))?$/su.exec(line) ?? [];
    if (line === "") {
      if (data.join("\n") !== "") events.push([type, data.join("\n")]);
      type = "";
      data = [];
    } else if (field === "data") data.push(value ?? "");
    else if (field === "event") type = value ?? "";
  }
  return events;
}

const lineEnd = fc.constantFrom("\n", "\r", "\r\n");
const value = fc.string({ unit: "binary", maxLength: 5 }).map((text) => text.replace(/[\r\n]/g, "é"));
const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("data:", "data: ", "data:  "), value).map((parts) => parts.join("")),
  },
  { weight: 3, arbitrary: fc.constant("") },
  fc.constantFrom("data", "event", "event: ping", "event:x", ": comment", ":", "id: 1", "retry: 10", "junk", "data :x"),
);
const stream = fc
  .tuple(fc.constantFrom("", "\ufeff"), fc.array(fc.tuple(line, lineEnd), { maxLength: 30 }))
  .map(([mark, lines]) => mark + lines.flat().join(""));

describe("server-sent events", () => {
  it("are the standard's, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(1000), { maxLength: 10 }), (text, places) => {
        expect(parse(pieces(Buffer.from(text), places))).toEqual(reference(text));
      }),
      { numRuns: 500 },
    );
  });

  it("are the same byte by byte", () => {
    fc.assert(
      fc.property(stream, (text) => {
        expect(parse(singleBytes(Buffer.from(text)))).toEqual(reference(text));
      }),
    );
  });

  it.each<[string, string, Event[]]>([
    [
      "LF",
      "data: a\n\ndata: b\n\n",
      [
        ["", "a"],
        ["", "b"],
      ],
    ],
    [
      "CR",
      "data: a\r\rdata: b\r\r",
      [
        ["", "a"],
        ["", "b"],
      ],
    ],
    [
      "CRLF",
      "data: a\r\n\r\ndata: b\r\n\r\n",
      [
        ["", "a"],
        ["", "b"],
      ],
    ],
    [
      "all of them",
      "data: a\r\n\ndata: b\n\r\ndata: c\r\n\r",
      [
        ["", "a"],
        ["", "b"],
        ["", "c"],
      ],
    ],
    ["a byte order mark", "\ufeffdata: a\n\n", [["", "a"]]],
    ["no space after the colon", "data:a\n\n", [["", "a"]]],
    ["two spaces after the colon", "data:  a\n\n", [["", " a"]]],
    ["several lines of data", "data: a\ndata\ndata: b\n\n", [["", "a\n\nb"]]],
    [
      "types, which end with their event",
      "event: ping\ndata: a\n\ndata: b\n\n",
      [
        ["ping", "a"],
        ["", "b"],
      ],
    ],
    ["a type without data", "event: ping\n\ndata: a\n\n", [["", "a"]]],
    ["id, retry, comments and unknown fields", "id: 1\nretry: 5\n: hi\nwhat: x\ndata: a\n\n", [["", "a"]]],
    ["no blank line at the end", "data: a\n\ndata: b\n", [["", "a"]]],
  ])("may have %s", (_, text, events) => {
    expect(parse([text])).toEqual(events);
  });
});

describe("limits", () => {
  const limited = expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause: "stream_limit" } });
  const mebibyte = 1024 * 1024;

  it("hold a line to 1 MiB, also one that never ends", () => {
    const longest = `data:${"x".repeat(mebibyte - 5)}`;
    expect(parse([longest, "\n\n"])).toHaveLength(1);
    expect(() => parse([longest, "x"])).toThrow(limited);
    expect(() => parse([`${longest}x\n\n`])).toThrow(limited);
    const piece = Buffer.alloc(64 * 1024, "x");
    expect(() => parse(Array.from({ length: 1600 }, () => piece))).toThrow(limited);
  });

  it("hold the data of an event to 4 MiB", () => {
    const quarter = `data:${"x".repeat(mebibyte - 5)}\n`;
    expect(parse([quarter.repeat(4), "\n"])).toHaveLength(1);
    expect(() => parse([quarter.repeat(5)])).toThrow(limited);
  });

  it("end a run of lines that bring nothing", () => {
    expect(() => parse(["\n".repeat(100_001)])).toThrow(limited);
    expect(() => parse([": wait\n\n".repeat(50_001)])).toThrow(limited);
    expect(() => parse(["data:\n\n".repeat(100_001)])).toThrow(limited);
    expect(parse([`${":\n".repeat(90_000)}data: a\n\n`.repeat(2)])).toHaveLength(2);
  });
});
