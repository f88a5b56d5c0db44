import type { GatewayError } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { faultOf } from "../../protocols/chat-completions/fault.ts";
import { objectOf, parseObject } from "../../protocols/field.ts";
import { statusFault, word } from "../../protocols/status-fault.ts";

/**
 * The error behind a refusal of OpenRouter's (openrouter.ai/docs, "Errors"): it tells which provider it had routed to, and
 * moderation says 403 as a wrong key does, but gives its reasons.
 */
export function faultOfOpenrouter(failure: Failure): GatewayError {
  const metadata = objectOf(objectOf(parseObject(failure.body)?.["error"])?.["metadata"]);
  if (metadata === undefined) return faultOf(failure);
  const { reasons, provider_name } = metadata;
  if (Array.isArray(reasons)) {
    const category = reasons.map(word).filter(Boolean).join(",");
    return statusFault(failure, {
      code: "403",
      reason: "PROVIDER_CONTENT_FILTERED",
      requestId: "",
      metadata: category === "" ? {} : { category },
    });
  }
  const name = typeof provider_name === "string" ? word(provider_name.replaceAll(" ", "-")) : "";
  return name === "" ? faultOf(failure) : faultOf(failure).with({ upstreamProvider: name });
}
