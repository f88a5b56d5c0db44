import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { StreamCompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import { AnswerPrinter } from "../../src/cli/answer-printer.ts";
import { FakeShell } from "./fake-shell.ts";

type Event = NonNullable<MessageInitShape<typeof StreamCompleteResponseSchema>["event"]>;

type Part = NonNullable<MessageInitShape<typeof ContentPartSchema>["part"]>;

function printed(isTTY: boolean, events: readonly Event[], mayRestart = false): string {
  const shell = new FakeShell({ isTTY });
  const printer = new AnswerPrinter(shell.stdout, mayRestart);
  for (const event of events) printer.print(create(StreamCompleteResponseSchema, { event }));
  printer.end();
  return shell.out;
}

const part = (index: number, value: Part): Event => ({
  case: "partStarted",
  value: { index, part: { part: value } },
});
const text = (index: number, value: string): Event => ({
  case: "partDelta",
  value: { index, delta: { case: "text", value } },
});

const answer: Event[] = [
  { case: "started", value: {} },
  part(0, { case: "reasoning", value: { text: "hm" } }),
  { case: "partDelta", value: { index: 0, delta: { case: "reasoning", value: "m" } } },
  part(1, { case: "text", value: "" }),
  text(1, "Hel"),
  { case: "heartbeat", value: {} },
  text(1, "lo"),
  part(2, { case: "toolCall", value: { id: "1", name: "weather", argumentsJson: "" } }),
  part(3, { case: "toolCall", value: { id: "2", name: "time", argumentsJson: "{}" } }),
  { case: "partDelta", value: { index: 2, delta: { case: "argumentsJson", value: '{"city":' } } },
  { case: "partDelta", value: { index: 2, delta: { case: "argumentsJson", value: '"Rome"}' } } },
  { case: "partFinished", value: { index: 3 } },
  { case: "partFinished", value: { index: 2 } },
  part(4, { case: "media", value: {} }),
  part(5, { case: "refusal", value: "No.\n" }),
];

test("elsewhere than on a terminal there is no reasoning and no colour", () => {
  const expected = 'Hello\n[tool call] time {}\n[tool call] weather {"city":"Rome"}\n[media]\nNo.\n';
  expect(printed(false, answer)).toBe(expected);
});

test("a terminal shows reasoning dimmed", () => {
  const start = "\u001b[2mhm\u001b[22m\u001b[2mm\u001b[22m\nHello\n";
  expect(printed(true, answer).slice(0, start.length)).toBe(start);
});

test("a terminal gets no control characters, a pipe gets everything", () => {
  const hostile = [part(0, { case: "text", value: "" }), text(0, "a\u001b]0;x\u0007\u009b\r\tb")];
  expect(printed(true, hostile)).toBe("a]0;x\tb\n");
  expect(printed(false, hostile)).toBe("a\u001b]0;x\u0007\u009b\r\tb\n");
});

test("an answer without content prints nothing", () => {
  expect(printed(false, [{ case: "started", value: {} }])).toBe("");
});

test("what is void is marked for people, and not written elsewhere", () => {
  const begun = [part(0, { case: "toolCall", value: { id: "1", name: "f" } }), part(1, { case: "text", value: "Hel" })];
  const events = [...begun, { case: "restarted" as const, value: {} }, part(0, { case: "text", value: "Hello" })];
  expect(printed(true, events, true)).toBe("Hel\n\u001b[2m[the answer broke; it begins anew]\u001b[22m\nHello\n");
  expect(printed(false, events, true)).toBe("Hello\n");
  expect(printed(false, begun, true)).toBe("Hel\n");
});
