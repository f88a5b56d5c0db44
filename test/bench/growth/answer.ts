import { answerEvents, choice, pieceEvent, wholeAnswer } from "../answers.ts";

/** What the provider is to answer. */
export type Answer =
  /** One JSON body with so many bytes of text. */
  | { readonly kind: "whole"; readonly textBytes: number }
  /** A stream of so many pieces of text. */
  | { readonly kind: "pieces"; readonly count: number }
  /** A stream of so many calls of tools, each in two events. */
  | { readonly kind: "calls"; readonly count: number }
  /** A stream of one call of a tool, with its arguments in deltas of 20 bytes. */
  | { readonly kind: "arguments"; readonly bytes: number };

/** Bytes of one delta of arguments, about what a token is. */
const deltaBytes = 20;
const text = "Gateways are measured by what they add.";
const words = " quick brown fox jumps over a lazy dog";

/** The bytes of an answer: one body, or the events of a stream. */
export function bytesOf(answer: Answer): readonly Buffer[] {
  switch (answer.kind) {
    case "whole": {
      const content = words.repeat(Math.ceil(answer.textBytes / words.length)).slice(0, answer.textBytes);
      return [Buffer.from(wholeAnswer.toString().replace(text, content))];
    }
    case "pieces":
      return streamed(
        "stop",
        Array.from({ length: answer.count }, (_, i) => pieceEvent(` word${i % 10}`)),
      );
    case "calls":
      return streamed(
        "tool_calls",
        Array.from({ length: answer.count }, (_, i) => [beginning(i), argumentsOf(i, '{"city":"Paris"}')]).flat(),
      );
    case "arguments": {
      const ends = ['{"text":"', '"}'] as const;
      const whole = ends.join("x".repeat(Math.max(0, answer.bytes - ends.join("").length)));
      const deltas = Array.from({ length: Math.ceil(whole.length / deltaBytes) }, (_, i) =>
        whole.slice(i * deltaBytes, (i + 1) * deltaBytes),
      );
      return streamed("tool_calls", [beginning(0), ...deltas.map((delta) => argumentsOf(0, delta))]);
    }
  }
}

function streamed(reason: string, events: readonly Buffer[]): readonly Buffer[] {
  const [role, ...rest] = answerEvents;
  const [usage, done] = rest.slice(-2);
  return [role, ...events, choice("{}", JSON.stringify(reason)), usage, done].filter((each) => each !== undefined);
}

function beginning(index: number): Buffer {
  const call = { index, id: `call_${index}`, type: "function", function: { name: "look_up", arguments: "" } };
  return choice(JSON.stringify({ tool_calls: [call] }), "null");
}

function argumentsOf(index: number, text: string): Buffer {
  return choice(JSON.stringify({ tool_calls: [{ index, function: { arguments: text } }] }), "null");
}
