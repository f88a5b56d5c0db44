import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Protocol } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { numberOf, parseObject } from "../field.ts";
import { fault } from "./fault.ts";
import { isFetched } from "./media.ts";
import { read } from "./read.ts";
import { render, renderCount } from "./render.ts";
import { family, type GenerateBody } from "./wire.ts";

/** The generateContent dialect of Google. Paths are relative to a base URL below which "/models" lies. */
export const gemini = {
  name: family,
  render,
  read,
  fault,
  streamsJson: true,
  count: { render: renderCount, read: readCount },
  fetches: isFetched,
} satisfies Protocol<GenerateBody>;

function readCount(body: string): Usage {
  const counted = parseObject(body);
  const inputTokens = numberOf(counted?.["totalTokens"]);
  if (inputTokens === undefined) throw badResponse("bad_count", "sent a token count that cannot be read");
  const cacheReadTokens = numberOf(counted?.["cachedContentTokenCount"]);
  return create(UsageSchema, {
    inputTokens,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    source: UsageSource.PROVIDER,
  });
}
