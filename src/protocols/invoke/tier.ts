import type { Warning } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { Rendering } from "../converse/rendering.ts";
import { tierOf } from "../converse/tier.ts";

/** The header that asks InvokeModel for a service tier, and what was changed about it. */
export function tierHeader(attempt: Attempt): { tier: Record<string, string>; warnings: Warning[] } {
  const rendering = new Rendering(attempt);
  const tier = tierOf(rendering);
  return {
    tier: tier === undefined ? {} : { "x-amzn-bedrock-service-tier": tier },
    warnings: rendering.warnings,
  };
}
