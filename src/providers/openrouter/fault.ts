import type { GatewayError } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { faultOf } from "../../protocols/chat-completions/fault.ts";
import { objectOf, parseObject } from "../../protocols/field.ts";
import { statusFault, word } from "../../protocols/status-fault.ts";

/** The error behind a refusal of OpenRouter's (openrouter.ai/docs, "Errors"). Moderation says 403 as a wrong key does, but has reasons. */
export function faultOfOpenrouter(failure: Failure): GatewayError {
  const { reasons } = objectOf(objectOf(parseObject(failure.body)?.["error"])?.["metadata"]) ?? {};
  if (!Array.isArray(reasons)) return faultOf(failure);
  const category = reasons.map(word).filter(Boolean).join(",");
  const metadata = category === "" ? {} : { category };
  return statusFault(failure, { code: "403", reason: "PROVIDER_CONTENT_FILTERED", metadata });
}
