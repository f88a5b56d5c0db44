import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { GatewayError } from "../../model/error.ts";
import type { Protocol } from "../../model/protocol.ts";
import { numberOf, parseObject } from "../field.ts";
import { fault } from "./fault.ts";
import { read } from "./read.ts";
import { render, renderCount } from "./render.ts";
import { family, type MessagesBody } from "./wire.ts";

/** The Messages dialect of Anthropic. Paths are relative to a base URL that ends in "/v1". */
export const messages: Protocol<MessagesBody> = {
  name: family,
  render,
  read,
  fault,
  count: { render: renderCount, read: readCount },
};

function readCount(body: string): Usage {
  const inputTokens = numberOf(parseObject(body)?.["input_tokens"]);
  if (inputTokens === undefined) {
    throw new GatewayError("PROVIDER_BAD_RESPONSE", "the token count of the provider cannot be read", {
      metadata: { cause: "bad_count" },
    });
  }
  return create(UsageSchema, { inputTokens, source: UsageSource.PROVIDER });
}
