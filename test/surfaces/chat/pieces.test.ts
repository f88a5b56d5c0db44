import fc from "fast-check";
import { expect, test } from "vitest";
import { chatCompletion } from "../../../src/surfaces/chat/answer.ts";
import { ChoicePieces } from "../../../src/surfaces/chat/pieces.ts";
import { response, split } from "../../support/any-answer.ts";
import { eventsOf } from "../../support/unfold.ts";

interface Call {
  readonly index: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments: string };
  readonly extra_content?: object;
}

interface Delta {
  readonly content?: string;
  readonly refusal?: string | null;
  readonly reasoning_content?: string;
  readonly reasoning_details?: readonly object[];
  readonly annotations?: readonly object[];
  readonly tool_calls?: readonly Call[];
}

interface Piece {
  readonly choices: readonly {
    readonly delta: Delta;
    readonly logprobs: { readonly content: readonly object[] } | null;
    readonly finish_reason: string | null;
  }[];
}

/** What clients do: texts are joined, lists appended, calls found by their index. */
function joined(text: string) {
  const message: Record<string, unknown> = { role: "assistant", content: null, refusal: null };
  const calls: Record<string, unknown>[] = [];
  const tokens: object[] = [];
  let finish_reason: string | null = null;
  for (const event of text.split("\n\n").filter((line) => line.startsWith("data: "))) {
    const { choices }: Piece = JSON.parse(event.slice("data: ".length));
    for (const { delta, logprobs, finish_reason: reason } of choices) {
      finish_reason ??= reason;
      tokens.push(...(logprobs?.content ?? []));
      for (const name of ["content", "refusal", "reasoning_content"] as const) {
        if (delta[name]) message[name] = `${message[name] ?? ""}${delta[name]}`;
      }
      for (const name of ["reasoning_details", "annotations"] as const) {
        if (delta[name] !== undefined) message[name] = [...((message[name] as object[]) ?? []), ...delta[name]];
      }
      for (const call of delta.tool_calls ?? []) grow(calls, call);
    }
  }
  if (calls.length > 0) message["tool_calls"] = calls;
  return { message, finish_reason, logprobs: tokens.length === 0 ? null : { content: tokens, refusal: null } };
}

function grow(calls: Record<string, unknown>[], { index, function: named, ...rest }: Call): void {
  const call = Object.assign(calls[index] ?? {}, rest) as Record<string, unknown>;
  calls[index] = call;
  if (named === undefined) return;
  const before = (call["function"] ?? { name: named.name, arguments: "" }) as { name: string; arguments: string };
  call["function"] = { ...before, arguments: before.arguments + named.arguments };
}

/** Nothing said and an empty text are the same to a client that joins. */
function settled(message: Record<string, unknown>): Record<string, unknown> {
  return { ...message, content: message["content"] || null, refusal: message["refusal"] || null };
}

test("the pieces of a stream, however they are cut, join to the whole answer", () => {
  fc.assert(
    fc.property(response, fc.array(fc.nat(9), { minLength: 1 }), (whole, numbers) => {
      let turn = 0;
      const cuts = () => 1 + (numbers[turn++ % numbers.length] ?? 0);
      const pieces = new ChoicePieces({ head: 'data: {"choices":[{"index":', tail: "}]}\n\n" }, 0);
      const events = eventsOf(whole).flatMap((event) => split(event, cuts));
      const streamed = joined(pieces.opening() + events.map((event) => pieces.write([event])).join(""));
      const { choices } = chatCompletion([whole]) as { choices: [{ message: Record<string, unknown> }] };
      const [{ message, ...rest }] = choices;
      expect(settled(streamed.message)).toEqual(settled(message));
      expect(rest).toMatchObject({ finish_reason: streamed.finish_reason, logprobs: streamed.logprobs });
      expect(pieces.usage).toEqual(whole.usage);
    }),
  );
});

test("a batch is what its chunks are one by one", () => {
  fc.assert(
    fc.property(response, (whole) => {
      const [one, other] = [0, 1].map(() => new ChoicePieces({ head: "data: ", tail: "\n\n" }, 0));
      const events = eventsOf(whole);
      expect(one?.write(events)).toBe(events.map((event) => other?.write([event])).join(""));
    }),
  );
});
