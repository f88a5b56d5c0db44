import type { GatewayError } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { faultOf } from "../../protocols/chat-completions/fault.ts";
import { objectOf, parseObject } from "../../protocols/field.ts";

/**
 * The error behind a refusal of Mistral's. One of a request that breaks the schema (422) tells which field it was: under
 * "detail", or under "message.detail".
 */
export function faultOfMistral(failure: Failure): GatewayError {
  const error = faultOf(failure);
  const body = parseObject(failure.body);
  const details = body?.["detail"] ?? objectOf(body?.["message"])?.["detail"];
  if (!Array.isArray(details)) return error;
  const { loc } = objectOf(details[0]) ?? {};
  const field = Array.isArray(loc) ? loc.filter((step) => step !== "body").join(".") : "";
  // A name that is none could be content: keys of the caller's own schemas are part of the location.
  return /^[\w.]{1,128}$/.test(field) ? error.with({ upstreamField: field }) : error;
}
