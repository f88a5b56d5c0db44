import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";

const meanings: ReadonlyMap<string, FinishReason> = new Map([
  ["end_turn", FinishReason.STOP],
  ["stop_sequence", FinishReason.STOP_SEQUENCE],
  ["max_tokens", FinishReason.MAX_TOKENS],
  ["model_context_window_exceeded", FinishReason.CONTEXT_WINDOW],
  ["tool_use", FinishReason.TOOL_CALLS],
  ["malformed_tool_use", FinishReason.MALFORMED_TOOL_CALL],
  ["guardrail_intervened", FinishReason.CONTENT_FILTER],
  ["content_filtered", FinishReason.CONTENT_FILTER],
]);

/** What a stopReason means; OTHER for words that are new. */
export function finishReasonOf(stopReason: string): FinishReason {
  return meanings.get(stopReason) ?? FinishReason.OTHER;
}
