import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextShape } from "../../../src/protocols/chat-completions/text-shape.ts";
import { anyAttempt, chunksOf, recordings } from "./recording.ts";

/** An event's data as servers write it. */
function dataOf(content: string, rest: object = {}): string {
  const choice = { index: 0, delta: { content }, logprobs: null, finish_reason: null };
  return JSON.stringify({ id: "c", model: "gpt-x", choices: [choice], usage: null, ...rest });
}

/** A shape that has studied this event. */
function shapeOf(data: string): TextShape {
  const shape = new TextShape();
  shape.study(data, JSON.parse(data));
  return shape;
}

describe("the shape of a text event", () => {
  it.each([
    ["plain", dataOf("Hello"), dataOf(" world")],
    ["padded", dataOf("Hello", { obfuscation: "aB3" }), dataOf(" world", { obfuscation: "" })],
    ["spaced", dataOf("a").replace('"content":', '"content": '), dataOf("ü😀").replace('"content":', '"content": ')],
    ["empty", dataOf("Hello"), dataOf("")],
  ])("is met again: %s", (_, first, second) => {
    expect(shapeOf(first).textOf(second)).toBe(JSON.parse(second).choices[0].delta.content);
  });

  it.each([
    ["an escape", dataOf('say "hi"')],
    ["a line break that JSON forbids", dataOf("X").replace("X", "\n")],
    ["another field", dataOf("b", { extra: 1 })],
    ["another model", dataOf("b").replace("gpt-x", "gpt-y")],
    ["a finish reason", dataOf("b").replace('"finish_reason":null', '"finish_reason":"stop"')],
    ["a cut", dataOf("b").slice(0, -1)],
    ["more behind", `${dataOf("b")} `],
    ["no end of the text", dataOf("b").slice(0, -60)],
  ])("is not met in an event with %s", (_, data) => {
    expect(shapeOf(dataOf("a")).textOf(data)).toBeUndefined();
  });

  it("is not met where the padding hides something", () => {
    const shape = shapeOf(dataOf("a", { obfuscation: "x" }));
    expect(shape.textOf(dataOf("b", { obfuscation: 'y"z' }))).toBeUndefined();
    expect(shape.textOf(dataOf("b", { obfuscation: "y", error: { code: 500 } }))).toBeUndefined();
    expect(shape.textOf(`${dataOf("b", { obfuscation: "y" }).slice(0, -2)}\n"}`)).toBeUndefined();
  });

  it.each([
    ["usage", dataOf("a", { usage: { prompt_tokens: 1 } })],
    ["an error", dataOf("a", { error: { code: 500 } })],
    ["reasoning", dataOf("a").replace('"content":"a"', '"content":"a","reasoning":"b"')],
    ["a second choice", dataOf("a").replace('"choices":[', '"choices":[{"index":1},')],
    ["the same words elsewhere", dataOf("a").replace('"id":"c"', '"id":{"content":"a"}')],
    ["two contents", dataOf("a").replace('"content":"a"', '"content":"a","content":"a"')],
  ])("is not learnt from an event with %s", (_, data) => {
    expect(shapeOf(data).textOf(data)).toBeUndefined();
  });

  it("is given up for a stream whose events all differ, not for one that changes now and then", () => {
    const shape = new TextShape();
    const study = (id: number) => shape.study(dataOf("a", { id }), { ...JSON.parse(dataOf("a", { id })) });
    for (let id = 0; id < 8; id++) study(id);
    expect(shape.textOf(dataOf("b", { id: 7 }))).toBe("b");
    study(8);
    expect(shape.textOf(dataOf("b", { id: 8 }))).toBe("b");
    for (let id = 10; id < 20; id++) study(id);
    expect(shape.textOf(dataOf("b", { id: 19 }))).toBeUndefined();
  });
});

describe("reading with shapes", () => {
  const fragment = fc.record({
    content: fc.string({
      unit: fc.constantFrom("a", "\\", '"', "\n", "😀", "\ud83d", "/", "}", "]", ":"),
      maxLength: 4,
    }),
    rest: fc.constantFrom(
      {},
      {},
      {},
      { obfuscation: "x" },
      { obfuscation: 'y"}' },
      { id: "d" },
      { usage: { prompt_tokens: 1 } },
    ),
  });

  it("gives the same chunks as parsing each event", () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 20 }), (fragments) => {
        const events = fragments.map(({ content, rest }) => `data: ${dataOf(content, rest)}\n\n`);
        // A choice that is passed over makes every event one that must be parsed.
        const parsed = events.map((text) => text.replace('"choices":[{', '"choices":[{"index":1},{'));
        expect(read(events)).toEqual(read(parsed));
      }),
    );
  });

  it.each(recordings.filter(({ call, meta }) => call.stream && meta.status === 200))("of $name", ({ body }) => {
    const events = body.toString().split(/(?<=\n\n)/);
    const parsed = events.map((text) => text.replace('"choices":[{', '"choices":[{"index":1},{'));
    const chunks = (texts: string[]) => chunksOf(anyAttempt(true), [Buffer.from(texts.join(""))]);
    expect(chunks(events)).toEqual(chunks(parsed));
  });
});

function read(events: readonly string[]) {
  return chunksOf(anyAttempt(true), [
    Buffer.from(`${events.join("")}data: {"choices":[{"index":0}]}\n\ndata: [DONE]\n\n`),
  ]);
}
