import * as v from "valibot";
import type { CacheHint } from "../../gen/llmhub/v1/content_pb.ts";
import { given } from "./field.ts";

/** Mark of the end of a prefix that the provider is to cache: Anthropic's, which clients send through OpenAI's API, too. */
export const cacheControl = given(
  v.looseObject({ type: v.literal("ephemeral"), ttl: v.nullish(v.picklist(["5m", "1h"])) }),
  "The prompt up to here is to be kept in the provider's prompt cache.",
);

type Mark = v.InferOutput<typeof cacheControl>;

/** What a mark adds to a part or a tool; without a lifetime it is the provider's default. */
export function marked(mark: Mark): { readonly cacheHint?: CacheHint } {
  if (mark === undefined || mark === null) return {};
  const hint: CacheHint = { $typeName: "llmhub.v1.CacheHint" };
  if (typeof mark.ttl === "string") {
    const seconds = mark.ttl === "1h" ? 3600n : 300n;
    hint.ttl = { $typeName: "google.protobuf.Duration", seconds, nanos: 0 };
  }
  return { cacheHint: hint };
}

/** The last mark within the result of a tool: it counts for all of it, since the hub has none within. */
export function markWithin(parts: readonly { readonly cache_control?: Mark }[]): Mark {
  return parts.findLast(({ cache_control }) => cache_control !== undefined && cache_control !== null)?.cache_control;
}
