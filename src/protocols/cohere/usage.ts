import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { objectOf, positionOf } from "../field.ts";

/**
 * What is billed, which is less than what the model reads: the API's own instructions are not. Undefined where nothing is
 * counted. Tokens read from a cache are told of the whole prompt, so they are left out here; `native` has them.
 */
export function usageOf(value: unknown): Usage | undefined {
  const native = objectOf(value);
  const tokens = objectOf(native?.["tokens"]);
  const billed = objectOf(native?.["billed_units"]) ?? tokens;
  if (native === undefined || billed === undefined) return undefined;
  const input = positionOf(billed["input_tokens"]);
  const output = positionOf(billed["output_tokens"]);
  const searchUnits = positionOf(billed["search_units"]);
  if (input === undefined && output === undefined && searchUnits === undefined) return undefined;
  const reasoningTokens = positionOf(tokens?.["reasoning_tokens"]);
  return create(UsageSchema, {
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    ...(reasoningTokens === undefined || reasoningTokens > (output ?? 0) ? {} : { reasoningTokens }),
    ...(searchUnits === undefined ? {} : { searchUnits }),
    source: UsageSource.PROVIDER,
    native,
  });
}
