import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import { readUsage } from "./chat-completions/usage.ts";
import { numberOf, objectOf } from "./field.ts";

/**
 * What an answer without generated tokens says of its input, under the names that OpenAI uses: `prompt_tokens`, or
 * `total_tokens` alone. Undefined where it says nothing.
 */
export function readInputUsage(value: unknown): Usage | undefined {
  const counts = objectOf(value);
  if (counts === undefined) return undefined;
  const prompt_tokens = numberOf(counts["prompt_tokens"]) ?? numberOf(counts["total_tokens"]);
  return prompt_tokens === undefined ? undefined : readUsage({ prompt_tokens }, false);
}
