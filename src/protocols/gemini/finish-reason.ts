import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";

/** Words by their numbers in google.cloud.aiplatform: that endpoint sends numbers where enums are asked for so. */
const numbers = [
  "FINISH_REASON_UNSPECIFIED",
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MALFORMED_FUNCTION_CALL",
  "MODEL_ARMOR",
];

const meanings: ReadonlyMap<string, FinishReason> = new Map([
  ["STOP", FinishReason.STOP],
  ["MAX_TOKENS", FinishReason.MAX_TOKENS],
  ["SAFETY", FinishReason.CONTENT_FILTER],
  ["RECITATION", FinishReason.CONTENT_FILTER],
  ["BLOCKLIST", FinishReason.CONTENT_FILTER],
  ["PROHIBITED_CONTENT", FinishReason.CONTENT_FILTER],
  ["SPII", FinishReason.CONTENT_FILTER],
  ["MODEL_ARMOR", FinishReason.CONTENT_FILTER],
  ["IMAGE_SAFETY", FinishReason.CONTENT_FILTER],
  ["IMAGE_PROHIBITED_CONTENT", FinishReason.CONTENT_FILTER],
  ["IMAGE_RECITATION", FinishReason.CONTENT_FILTER],
  ["MALFORMED_FUNCTION_CALL", FinishReason.MALFORMED_TOOL_CALL],
  ["UNEXPECTED_TOOL_CALL", FinishReason.MALFORMED_TOOL_CALL],
]);

/** The provider's word for why it stopped; empty where it did not say. */
export function finishWordOf(value: unknown): string {
  if (typeof value === "number") return value === 0 ? "" : (numbers[value] ?? String(value));
  return typeof value === "string" && value !== numbers[0] ? value.toWellFormed() : "";
}

/** What the word means; OTHER for words that are new. STOP says nothing of calls, so the answer must. */
export function finishReasonOf(word: string, hasCalls: boolean): FinishReason {
  const meaning = meanings.get(word) ?? FinishReason.OTHER;
  return meaning === FinishReason.STOP && hasCalls ? FinishReason.TOOL_CALLS : meaning;
}
