import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../../src/model/error.ts";
import { responseOf } from "../../../src/surfaces/responses/answer.ts";
import { ResponseEvents } from "../../../src/surfaces/responses/events.ts";
import { response, split } from "../../support/any-answer.ts";
import { openaiProblems } from "../../support/openai-schema.ts";
import { eventsOf } from "../../support/unfold.ts";

const body = { input: "hi", tools: [{ type: "function" as const, name: "f" }] };

/** An event of any type. */
interface Event {
  readonly type: string;
  readonly sequence_number: number;
  readonly output_index: number;
  readonly content_index: number;
  readonly summary_index: number;
  readonly delta: string;
  readonly annotation: object;
  readonly item: Item;
  readonly part: Content;
  readonly response: { readonly output: readonly Item[] };
}

interface Item {
  readonly type: string;
  content: Content[];
  summary: Content[];
  arguments: string;
}

interface Content {
  text?: string;
  refusal?: string;
  annotations?: object[];
}

function parsed(text: string): Event[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("event: "))
    .map((block) => {
      const [head = "", data = ""] = block.split("\n");
      const event: Event = JSON.parse(data.slice("data: ".length));
      expect(`event: ${event.type}`).toBe(head);
      return event;
    });
}

/** What clients do: items grow by deltas, and are what the event of their end says; both have to agree. */
function joined(events: readonly Event[]): Item[] {
  const items: Item[] = [];
  for (const event of events) {
    const item = items[event.output_index];
    switch (event.type.replace("response.", "")) {
      case "output_item.added":
        expect(event.output_index).toBe(items.length);
        items.push(structuredClone(event.item));
        break;
      case "content_part.added":
        expect(event.content_index).toBe(item?.content.length);
        item?.content.push(event.part);
        break;
      case "reasoning_summary_part.added":
        item?.summary.push(event.part);
        break;
      case "output_text.delta":
      case "refusal.delta":
      case "reasoning_summary_text.delta": {
        const part = item?.content?.[event.content_index] ?? item?.summary[event.summary_index] ?? {};
        if (part.text === undefined) part.refusal += event.delta;
        else part.text += event.delta;
        break;
      }
      case "output_text.annotation.added":
        item?.content[event.content_index]?.annotations?.push(event.annotation);
        break;
      case "function_call_arguments.delta":
        if (item !== undefined) item.arguments += event.delta;
        break;
      case "output_item.done":
        expect(event.item).toMatchObject({
          type: item?.type,
          ...(item?.arguments === undefined ? {} : { arguments: item.arguments }),
          ...(item?.summary === undefined ? {} : { summary: item.summary }),
          ...(item?.content === undefined ? {} : { content: item.content }),
        });
        items[event.output_index] = event.item;
        break;
    }
  }
  return items;
}

/** Probabilities of answers that are replayed come at the end, after the items. */
function withoutLogprobs(items: readonly Item[]): unknown {
  return JSON.parse(JSON.stringify(items), (name, value) => (name === "logprobs" ? [] : value));
}

test("the events of a stream, however they are cut, join to the whole answer", () => {
  fc.assert(
    fc.property(response, fc.array(fc.nat(9), { minLength: 1 }), (whole, numbers) => {
      let turn = 0;
      const cuts = () => 1 + (numbers[turn++ % numbers.length] ?? 0);
      const writer = new ResponseEvents(body);
      const chunks = eventsOf(whole).flatMap((chunk) => split(chunk, cuts));
      const events = parsed(chunks.map((chunk) => writer.write([chunk])).join(""));
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
      const last = events.at(-1);
      const answer = JSON.parse(JSON.stringify(responseOf(whole, body)));
      expect(last?.type).toBe(`response.${answer.status}`);
      expect(last?.response).toEqual(answer);
      for (const event of events) expect(openaiProblems("ResponseStreamEvent", event)).toEqual([]);
      expect(withoutLogprobs(joined(events))).toEqual(withoutLogprobs(answer.output));
    }),
  );
});

test("a stream that fails tells the items that are complete, and goes on counting", () => {
  fc.assert(
    fc.property(response, fc.nat(20), (whole, length) => {
      const writer = new ResponseEvents(body);
      const chunks = eventsOf(whole)
        .slice(0, -1)
        .slice(0, length + 1);
      const before = parsed(chunks.map((chunk) => writer.write([chunk])).join(""));
      const after = parsed(writer.broken(new GatewayError("STREAM_INTERRUPTED", "it broke off")));
      expect(after.map(({ type }) => type)).toEqual(["response.failed", "error"]);
      expect(after.map(({ sequence_number }) => sequence_number)).toEqual([before.length, before.length + 1]);
      const done = before.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item);
      for (const event of after) expect(openaiProblems("ResponseStreamEvent", event)).toEqual([]);
      expect(after[0]?.response.output).toEqual(done);
      expect(after[0]?.response).toMatchObject({ status: "failed", error: { code: "server_error" } });
      expect(after[1]).toMatchObject({
        message: "it broke off",
        code: null,
        param: null,
        reason: "STREAM_INTERRUPTED",
      });
    }),
  );
});
