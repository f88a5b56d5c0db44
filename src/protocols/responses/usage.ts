import type { JsonObject } from "@bufbuild/protobuf";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import { readUsage } from "../chat-completions/usage.ts";
import { objectOf } from "../field.ts";

/**
 * The provider's count; undefined when it gives none, or counts nothing at all, as OpenAI has done for answers that it cut
 * off. `native` asks for the provider's own record beside it.
 */
export function usageOf(value: unknown, native: boolean): Usage | undefined {
  const counts = objectOf(value);
  if (counts === undefined || (counts["input_tokens"] === 0 && counts["output_tokens"] === 0)) return undefined;
  const { input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details } = counts;
  const usage = readUsage(
    {
      prompt_tokens: input_tokens,
      completion_tokens: output_tokens,
      total_tokens,
      prompt_tokens_details: input_tokens_details,
      completion_tokens_details: output_tokens_details,
    },
    false,
  );
  if (usage !== undefined && native) usage.native = counts;
  return usage;
}

/** Tools of the provider that it charges for by use, and the type of the item that tells of one use. */
const charged: ReadonlyMap<unknown, string> = new Map([
  ["web_search_call", "web_search"],
  ["file_search_call", "file_search"],
]);

/** Counts one more use of a tool. Only searches of the web are charged, not what is read of the pages they find. */
export function countUse({ type, action }: JsonObject, uses: Record<string, number>): void {
  const tool = charged.get(type);
  const { type: kind = "search" } = objectOf(action) ?? {};
  if (tool !== undefined && kind === "search") uses[tool] = (uses[tool] ?? 0) + 1;
}
