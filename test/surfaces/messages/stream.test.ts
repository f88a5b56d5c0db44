import fc from "fast-check";
import { expect, test } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import { messageOf } from "../../../src/surfaces/messages/answer.ts";
import { Citations } from "../../../src/surfaces/messages/citations.ts";
import { unseal } from "../../../src/surfaces/messages/seal.ts";
import { MessageEvents } from "../../../src/surfaces/messages/stream.ts";
import { WrittenEvents } from "../../../src/surfaces/written-events.ts";
import { interleave, response, split } from "../../support/any-answer.ts";
import { eventsOf } from "../../support/unfold.ts";

interface Event {
  readonly type: string;
  readonly index: number;
  readonly message: Record<string, unknown>;
  readonly content_block: Record<string, unknown>;
  readonly delta: Record<string, string> & { readonly citation?: object };
  readonly usage: object;
}

const fields: Readonly<Record<string, readonly [delta: string, field: string]>> = {
  text_delta: ["text", "text"],
  thinking_delta: ["thinking", "thinking"],
  signature_delta: ["signature", "signature"],
  input_json_delta: ["partial_json", "json"],
};

/** What clients do: blocks by their index, grown by deltas, input parsed when the block ends. */
function joined(text: string): object {
  let message: Record<string, unknown> = {};
  const blocks: Record<string, unknown>[] = [];
  for (const event of text.split("\n\n").filter((block) => block !== "")) {
    const [head = "", data = ""] = event.split("\n");
    const read: Event = JSON.parse(data.slice("data: ".length));
    expect(head).toBe(`event: ${read.type}`);
    const { type, index, delta } = read;
    if (type === "message_start") message = read.message;
    else if (type === "content_block_start") {
      expect(index).toBe(blocks.length);
      blocks.push({ ...read.content_block });
    } else if (type === "content_block_delta") take(blocks[index] ?? {}, delta);
    else if (type === "message_delta") Object.assign(message, delta, { usage: read.usage });
  }
  return { ...message, content: blocks.map(finished) };
}

function take(block: Record<string, unknown>, { type = "", citation, ...delta }: Event["delta"]): void {
  const [from = "", to = ""] = fields[type] ?? [];
  if (citation !== undefined) block["citations"] = [...((block["citations"] as object[]) ?? []), citation];
  else block[to] = `${block[to] ?? ""}${(delta as Record<string, string>)[from]}`;
}

function finished({ json, ...block }: Record<string, unknown>): object {
  if (block["type"] !== "tool_use") return block;
  if (json === undefined) return block;
  try {
    const input: unknown = JSON.parse(String(json));
    return {
      ...block,
      input: typeof input === "object" && !Array.isArray(input) && input !== null ? input : { arguments: json },
    };
  } catch {
    return { ...block, input: { arguments: json } };
  }
}

/** A text that says nothing has a block in a stream, because nobody knows yet. */
function isSaying(block: unknown): boolean {
  const { type, text, citations } = block as Record<string, unknown>;
  return type !== "text" || text !== "" || citations !== undefined;
}

async function textOf(events: readonly Chunk[]): Promise<string> {
  async function* batches() {
    for (const event of events) yield [event];
  }
  let text = "";
  for await (const piece of new WrittenEvents(batches(), new MessageEvents(new Citations([])))) text += piece;
  return text;
}

test("the events of a stream, however they are cut, join to the whole message", async () => {
  await fc.assert(
    fc.asyncProperty(response, fc.array(fc.nat(9), { minLength: 1 }), async (whole, numbers) => {
      let turn = 0;
      const cuts = () => 1 + (numbers[turn++ % numbers.length] ?? 0);
      const events = eventsOf(whole).flatMap((event) => split(event, cuts));
      const streamed = joined(await textOf(events)) as { content: unknown[] };
      const expected = messageOf(whole, new Citations([])) as { content: unknown[] };
      expect({ ...streamed, content: streamed.content.filter(isSaying) }).toEqual({
        ...expected,
        content: expected.content.filter(isSaying),
      });
    }),
  );
});

test("blocks of parts that come in turn keep their own deltas", async () => {
  await fc.assert(
    fc.asyncProperty(response, fc.array(fc.nat(9), { minLength: 1 }), async (whole, numbers) => {
      let turn = 0;
      const next = () => numbers[turn++ % numbers.length] ?? 0;
      const [started, ...rest] = eventsOf(whole);
      const end = rest.pop();
      if (started === undefined || end === undefined) throw new Error("there are no events");
      const mixed = interleave(
        rest.flatMap((event) => split(event, () => 1 + next())),
        next,
      );
      const streamed = joined(await textOf([started, ...mixed, end])) as { content: Record<string, unknown>[] };
      const texts = (blocks: Record<string, unknown>[]) =>
        blocks.flatMap(({ text, thinking }) => (text || thinking ? [text ?? thinking] : [])).sort();
      const expected = messageOf(whole, new Citations([])) as { content: Record<string, unknown>[] };
      expect(texts(streamed.content)).toEqual(texts(expected.content));
    }),
  );
});

test("a signature that is not of the gateway's making is Anthropic's own", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.startsWith("llmhub."));
      expect(unseal(text).signature).toMatchObject({ provider: "anthropic", value: text });
    }),
  );
  expect(unseal("llmhub.damaged").signature).toMatchObject({ value: "llmhub.damaged" });
});
