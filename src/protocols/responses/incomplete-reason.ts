import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";

/** Why an answer can be incomplete. */
export type IncompleteReason = "max_output_tokens" | "content_filter";

const meanings: Readonly<Record<IncompleteReason, FinishReason>> = {
  max_output_tokens: FinishReason.MAX_TOKENS,
  content_filter: FinishReason.CONTENT_FILTER,
};

const byWord: ReadonlyMap<string, FinishReason> = new Map(Object.entries(meanings));

/** What the reason of an incomplete answer means; OTHER for words that are new. */
export function finishReasonOf(reason: string): FinishReason {
  return byWord.get(reason) ?? FinishReason.OTHER;
}

const words: ReadonlyMap<FinishReason, IncompleteReason> = new Map([
  [FinishReason.MAX_TOKENS, "max_output_tokens"],
  [FinishReason.CONTEXT_WINDOW, "max_output_tokens"],
  [FinishReason.CONTENT_FILTER, "content_filter"],
  [FinishReason.REFUSAL, "content_filter"],
]);

/** The reason that means the same, for callers who speak this dialect; undefined where the answer is complete. */
export function incompleteReasonOf(reason: FinishReason): IncompleteReason | undefined {
  return words.get(reason);
}
