import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { badResponse } from "./bad-response.ts";
import { readUsage } from "./chat-completions/usage.ts";
import { numberOf, objectOf, parseObject } from "./field.ts";

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

/** Reads what an endpoint that counts tokens answers: one object, with the count under `field`. Throws PROVIDER_BAD_RESPONSE. */
export function countReader(field: string): (body: string) => Usage {
  return (body) => {
    const inputTokens = numberOf(parseObject(body)?.[field]);
    if (inputTokens === undefined) throw badResponse("bad_count", "sent a token count that cannot be read");
    return create(UsageSchema, { inputTokens, source: UsageSource.PROVIDER });
  };
}
