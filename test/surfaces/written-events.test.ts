import { expect, test } from "vitest";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { type EventWriter, WrittenEvents } from "../../src/surfaces/written-events.ts";

/** Gives batches of these texts, then fails if it is to. */
class Source implements AsyncIterableIterator<readonly Chunk[]> {
  returns = 0;
  readonly #texts: string[];
  readonly #error: Error | undefined;

  constructor(texts: readonly string[], error?: Error) {
    this.#texts = [...texts];
    this.#error = error;
  }

  async next(): Promise<IteratorResult<readonly Chunk[]>> {
    const text = this.#texts.shift();
    if (text !== undefined) return { done: false, value: [textDelta(0, text)] };
    if (this.#error !== undefined) throw this.#error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<readonly Chunk[]>> {
    this.returns++;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const broken = new Error("it breaks");

/** Writes texts as they are; "" for a blank, and fails at "!". */
const writer: EventWriter = {
  begun: undefined,
  write([chunk]) {
    const text = chunk?.case === "partDelta" ? chunk.value.delta.value : "";
    if (text === "!") throw broken;
    return text === " " ? "" : String(text);
  },
};
const ending: EventWriter = { ...writer, end: () => "end" };

async function textsOf(events: WrittenEvents): Promise<string[]> {
  const texts: string[] = [];
  for await (const text of events) texts.push(text);
  return texts;
}

test("are the texts that there are, and what follows them", async () => {
  const source = new Source(["a", " ", "b"]);
  const events = new WrittenEvents(source, ending);
  expect(await textsOf(events)).toEqual(["a", "b", "end"]);
  expect(await events.next()).toEqual({ done: true, value: undefined });
  expect(await textsOf(new WrittenEvents(new Source([" "]), writer))).toEqual([]);
});

test.each([
  ["the source", () => new Source(["a"], broken)],
  ["the writer", () => new Source(["a", "!", "b"])],
])("after a failure of %s there is no more, and the source is told", async (_, made) => {
  const source = made();
  const events = new WrittenEvents(source, ending);
  expect(await events.next()).toEqual({ done: false, value: "a" });
  await expect(events.next()).rejects.toBe(broken);
  expect(source.returns).toBe(1);
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test("who leaves gets nothing more, and the source is told", async () => {
  const source = new Source(["a", "b"]);
  const events = new WrittenEvents(source, ending);
  await events.next();
  await events.return();
  expect(source.returns).toBe(1);
  expect(await events.next()).toEqual({ done: true, value: undefined });
});
