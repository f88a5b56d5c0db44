import type { Attempt } from "../../model/call.ts";
import type { GatewayError } from "../../model/error.ts";
import { faultInAnswer } from "../chat-completions/fault.ts";
import { objectOf } from "../field.ts";

/** Codes that only answers of this dialect tell, with the type of error that says the same at the elder one. */
const typeOfCode: ReadonlyMap<unknown, string> = new Map([
  ...[
    "data_residency_mismatch",
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "invalid_image_mode",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
  ].map((code) => [code, "invalid_request_error"] as const),
  ["bio_policy", "content_policy_violation"],
  ["image_content_policy_violation", "content_policy_violation"],
  ["vector_store_timeout", "timeout"],
]);

/** The error of an answer that failed, or of an event that tells of one, with or without an envelope. */
export function faultInResponse(attempt: Attempt, told: unknown): GatewayError {
  const said = objectOf(told) ?? {};
  const error = objectOf(said["error"]) ?? said;
  const type = typeOfCode.get(error["code"]);
  return faultInAnswer(attempt, type === undefined ? error : { ...error, type });
}
