import type { JsonValue } from "@bufbuild/protobuf";
import { anyAttempt, chunksOf, folded } from "./recording.ts";

/** The terminal marker of a stream. */
export const done = "data: [DONE]\n\n";

/** One event with this data. */
export function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** An event in which the first choice says more. */
export function delta(said: object): string {
  return event({ model: "gpt-x", choices: [{ index: 0, delta: said, finish_reason: null }], usage: null });
}

/** An event with the finish reason. */
export function ending(finish_reason: string): string {
  return event({ choices: [{ index: 0, delta: {}, finish_reason }] });
}

/** The body of a whole answer. */
export function whole(message: object, finish_reason: string | null = "stop", rest: object = {}): string {
  return JSON.stringify({ model: "gpt-x", choices: [{ index: 0, message, finish_reason }], ...rest });
}

/** The answer that a stream amounts to. */
export function streamed(body: string): JsonValue {
  return folded(chunksOf(anyAttempt(true), [Buffer.from(body)]));
}

/** The answer that a whole body amounts to. */
export function answered(body: string): JsonValue {
  return folded(chunksOf(anyAttempt(false), [Buffer.from(body)]));
}
