import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";

const meanings: ReadonlyMap<string, FinishReason> = new Map([
  ["end_turn", FinishReason.STOP],
  ["stop_sequence", FinishReason.STOP_SEQUENCE],
  ["max_tokens", FinishReason.MAX_TOKENS],
  ["model_context_window_exceeded", FinishReason.CONTEXT_WINDOW],
  ["tool_use", FinishReason.TOOL_CALLS],
  ["refusal", FinishReason.REFUSAL],
  ["pause_turn", FinishReason.PAUSE],
]);

/** What a stop_reason means; OTHER for words that are new. */
export function finishReasonOf(stopReason: string): FinishReason {
  return meanings.get(stopReason) ?? FinishReason.OTHER;
}

const words: ReadonlyMap<FinishReason, string> = new Map([
  ...[...meanings].map(([word, meaning]) => [meaning, word] as const),
  [FinishReason.CONTENT_FILTER, "refusal"],
]);

/** The stop_reason that means the same, for callers who speak this dialect; "end_turn" where there is none. */
export function stopReasonOf(reason: FinishReason): string {
  return words.get(reason) ?? "end_turn";
}
