import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Protocol } from "../../model/protocol.ts";
import { badResponse } from "../bad-response.ts";
import { numberOf, parseObject } from "../field.ts";
import { addressOf } from "../media-source.ts";
import { fault } from "./fault.ts";
import { read } from "./read.ts";
import { render, renderCount } from "./render.ts";
import { type ConverseBody, family } from "./wire.ts";

/** Converse and ConverseStream of Amazon Bedrock. Paths are relative to the runtime's host. */
export const converse: Protocol<ConverseBody> = {
  name: family,
  render,
  read,
  fault,
  fetches: (media) => addressOf(media) !== undefined,
};

/** The same, for models whose tokens Bedrock counts. */
export const countedConverse: Protocol<ConverseBody> = { ...converse, count: { render: renderCount, read: readCount } };

/** The answer of count-tokens. */
export function readCount(body: string): Usage {
  const inputTokens = numberOf(parseObject(body)?.["inputTokens"]);
  if (inputTokens === undefined) throw badResponse("bad_count", "sent a token count that cannot be read");
  return create(UsageSchema, { inputTokens, source: UsageSource.PROVIDER });
}
