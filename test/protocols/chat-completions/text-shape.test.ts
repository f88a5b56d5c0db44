import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChat } from "../../../src/protocols/chat-completions/read.ts";
import { TextShape } from "../../../src/protocols/chat-completions/text-shape.ts";
import { piecesOf } from "../../support/dialect.ts";
import { pieces } from "../../support/pieces.ts";
import { anyAttempt, chunksOf, recordings } from "./recording.ts";

/** An event's data as servers write it. */
function dataOf(content: string, rest: object = {}, said: object = {}, more: object = {}): string {
  const choice = { index: 0, delta: { content, ...said }, logprobs: null, finish_reason: null, ...more };
  return JSON.stringify({ id: "c", model: "gpt-x", choices: [choice], usage: null, ...rest });
}

/** A shape that has studied this event. */
function shapeOf(data: string): TextShape {
  const shape = new TextShape();
  shape.study(data, JSON.parse(data));
  return shape;
}

/** The text of an event with this data, between two others that are not text. */
function textOf(shape: TextShape, data: string): string | undefined {
  return textIn(shape, `data: ${data}\n\n`);
}

function textIn(shape: TextShape, event: string): string | undefined {
  const other = Buffer.from("data: {}\n\n");
  const bytes = Buffer.concat([other, Buffer.from(event), other]);
  const text = shape.textIn(bytes, other.length);
  if (text !== undefined) expect(shape.end).toBe(bytes.length - other.length);
  return text;
}

describe("the shape of a text event", () => {
  it.each([
    ["plain", dataOf("Hello"), dataOf(" world")],
    ["padded", dataOf("Hello", { obfuscation: "aB3" }), dataOf(" world", { obfuscation: "" })],
    ["spaced", dataOf("a").replace('"content":', '"content": '), dataOf("ü😀").replace('"content":', '"content": ')],
    ["empty", dataOf("Hello"), dataOf("")],
  ])("is met again: %s", (_, first, second) => {
    expect(textOf(shapeOf(first), second)).toBe(JSON.parse(second).choices[0].delta.content);
  });

  it.each([
    ["an escape", dataOf('say "hi"')],
    ["a line break that JSON forbids", dataOf("X").replace("X", "\n")],
    ["another field", dataOf("b", { extra: 1 })],
    ["another model", dataOf("b").replace("gpt-x", "gpt-y")],
    ["a finish reason", dataOf("b").replace('"finish_reason":null', '"finish_reason":"stop"')],
    ["a cut", dataOf("b").slice(0, -1)],
    ["text that is cut off", dataOf("b").slice(0, dataOf("").indexOf('""') + 2)],
    ["more behind", `${dataOf("b")} `],
    ["no end of the text", dataOf("b").slice(0, -60)],
  ])("is not met in an event with %s", (_, data) => {
    expect(textOf(shapeOf(dataOf("a")), data)).toBeUndefined();
  });

  it.each([
    ["no space", "data:DATA\n\n"],
    ["CRLF", "data: DATA\r\n\r\n"],
  ])("is met in an event with %s", (_, event) => {
    expect(textIn(shapeOf(dataOf("a")), event.replace("DATA", dataOf("ü")))).toBe("ü");
  });

  it.each([
    ["a second line of data", "data: DATA\ndata: x\n\n"],
    ["no end", "data: DATA\n"],
    ["two spaces", "data:  DATA\n\n"],
    ["a lone CR", "data: DATA\r\r"],
    ["a name", "event: error\ndata: DATA\n\n"],
    ["another field", "dato: DATA\n\n"],
  ])("is not met in an event with %s", (_, event) => {
    expect(textIn(shapeOf(dataOf("a")), event.replace("DATA", dataOf("b")))).toBeUndefined();
  });

  it("reads bytes that are no UTF-8 as they are read elsewhere", () => {
    const shape = shapeOf(dataOf("a"));
    const event = Buffer.from(`data: ${dataOf("XXYX")}\n\n`, "latin1");
    event[event.indexOf("X")] = 0xf0;
    event[event.indexOf("Y")] = 0x9f;
    expect(shape.textIn(event, 0)).toBe("\ufffdX\ufffdX");
    expect(JSON.parse(event.toString().slice(6)).choices[0].delta.content).toBe("\ufffdX\ufffdX");
  });

  it("is not met where the padding hides something", () => {
    const shape = shapeOf(dataOf("a", { obfuscation: "x" }));
    expect(textOf(shape, dataOf("b", { obfuscation: 'y"z' }))).toBeUndefined();
    expect(textOf(shape, dataOf("b", { obfuscation: "y", error: { code: 500 } }))).toBeUndefined();
    expect(textOf(shape, `${dataOf("b", { obfuscation: "y" }).slice(0, -2)}\n"}`)).toBeUndefined();
  });

  it.each([
    ["usage", dataOf("a", { usage: { prompt_tokens: 1 } })],
    ["an error", dataOf("a", { error: { code: 500 } })],
    ["reasoning", dataOf("a").replace('"content":"a"', '"content":"a","reasoning":"b"')],
    ["a second choice", dataOf("a").replace('"choices":[', '"choices":[{"index":1},')],
    ["the same words elsewhere", dataOf("a").replace('"id":"c"', '"id":{"content":"a"}')],
    ["an escape", dataOf("a", { note: '"content"' })],
    ["data on several lines", JSON.stringify(JSON.parse(dataOf("a")), undefined, 1)],
    ["two contents", dataOf("a").replace('"content":"a"', '"content":"a","content":"a"')],
  ])("is not learnt from an event with %s", (_, data) => {
    expect(textOf(shapeOf(data), data)).toBeUndefined();
  });

  it("is given up for a stream whose events all differ, not for one that changes now and then", () => {
    const shape = new TextShape();
    const study = (id: number) => shape.study(dataOf("a", { id }), { ...JSON.parse(dataOf("a", { id })) });
    for (let id = 0; id < 8; id++) study(id);
    expect(textOf(shape, dataOf("b", { id: 7 }))).toBe("b");
    study(8);
    expect(textOf(shape, dataOf("b", { id: 8 }))).toBe("b");
    for (let id = 10; id < 20; id++) study(id);
    expect(textOf(shape, dataOf("b", { id: 19 }))).toBeUndefined();
  });
});

describe("reading with shapes", () => {
  const content = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "é", "😀", "/", "}", "]", ":"), maxLength: 4 }),
    },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom("a", "\\", '"', "\n", "\ud83d"), maxLength: 4 }) },
  );
  const textFrame = fc.constantFrom("data: DATA\n\n", "data:DATA\r\n\r\n");
  const anyFrame = fc.oneof(
    textFrame,
    fc.constantFrom("data: DATA\r\r", ": wait\n\ndata: DATA\n\n", "event: message\ndata: DATA\n\n"),
  );
  const rest = fc.constantFrom<object>(
    {},
    { obfuscation: "x" },
    { obfuscation: 'y"}' },
    { usage: { prompt_tokens: 1 } },
    { usage: { prompt_tokens: 1, completion_tokens: 2 } },
    { service_tier: "priority" },
  );
  const said = fc.constantFrom<object>(
    {},
    { content: null },
    { content: 1 },
    { content: [{ type: "text", text: "listed" }] },
    { refusal: "no" },
    { reasoning_content: "hm" },
    { tool_calls: [{ index: 0, id: "t", function: { name: "f", arguments: "{}" } }] },
  );
  const choice = fc.constantFrom<object>(
    {},
    { index: undefined },
    { finish_reason: "stop" },
    { logprobs: { content: [{ token: "a", logprob: -1, top_logprobs: [] }] } },
  );
  const nothing = fc.constant<object>({});
  const system_fingerprint = fc.constantFrom("f", "g");
  /** What events of a stream have around their text. */
  const kind = fc.oneof(
    fc.record({ system_fingerprint, rest: nothing, said: nothing, choice: nothing, frame: textFrame }),
    fc.record({ system_fingerprint, rest, said: nothing, choice: nothing, frame: textFrame }),
    fc.record({ system_fingerprint, rest, said, choice, frame: anyFrame }),
  );
  const stream = fc
    .tuple(fc.array(kind, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(fc.nat(2), content), { minLength: 1 }))
    .map(([kinds, texts]) =>
      texts.map(([at, text]) => {
        const { frame, said, choice, rest, ...more } = kinds[at % kinds.length] as (typeof kinds)[number];
        return frame.replace("DATA", () => dataOf(text, { ...more, ...rest }, said, choice));
      }),
    );

  it("gives the same chunks as parsing each event, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(5000), { maxLength: 8 }), (events, cuts) => {
        // A choice that is passed over makes every event one that must be parsed.
        const parsed = events.map((text) => text.replace('"choices":[{', '"choices":[{"index":1},{'));
        // What the first event teaches is of use from the second piece on.
        expect(read(events, [Buffer.byteLength(events[0] ?? ""), ...cuts])).toEqual(read(parsed));
      }),
      { numRuns: 1000 },
    );
  });

  it("does not forget what every event says of the whole answer", () => {
    const said = (content: string, tier: string, more = {}) =>
      `data: ${dataOf(content, { service_tier: tier }, more)}\n\n`;
    const events = [said("a", "priority"), said("", "flex", { refusal: "no" }), said("b", "priority")];
    expect(read(events, [events[0]?.length ?? 0]).at(-1)).toMatchObject({
      value: { providerMetadata: { openai: { service_tier: "priority" } } },
    });
  });

  it("tells of counts in a server's own field each time", () => {
    const own = { usage: (piece: object) => ("counts" in piece ? piece.counts : undefined) };
    const event = Buffer.from(`data: ${dataOf("a", { counts: { prompt_tokens: 1 } })}\n\n`);
    const chunks = piecesOf(readChat(anyAttempt(true), own), [event, event, Buffer.from("data: [DONE]\n\n")]);
    expect(chunks.filter((chunk) => chunk.case === "usage").length).toBe(2);
  });

  it.each(recordings.filter(({ call, meta }) => call.stream && meta.status === 200))("of $name", ({ body }) => {
    const events = body.toString().split(/(?<=\n\n)/);
    const parsed = events.map((text) => text.replace('"choices":[{', '"choices":[{"index":1},{'));
    const chunks = (texts: string[]) => chunksOf(anyAttempt(true), [Buffer.from(texts.join(""))]);
    expect(chunks(events)).toEqual(chunks(parsed));
  });
});

function read(events: readonly string[], cuts: readonly number[] = []) {
  const bytes = Buffer.from(`${events.join("")}data: {"choices":[{"index":0}]}\n\ndata: [DONE]\n\n`);
  return chunksOf(anyAttempt(true), pieces(bytes, cuts));
}
