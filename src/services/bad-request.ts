import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { GatewayError } from "../model/error.ts";

/** One thing that is wrong with a request. */
export interface FieldViolation {
  /** Path of the field: "messages[2].content[0].tool_result". Empty for the request as a whole. */
  readonly field: string;
  /** Name of the rule that is broken, for programs. */
  readonly reason: string;
  /** What is wrong and how to mend it; no content of the request. */
  readonly description: string;
}

/** Details travel in a trailer that ends at 4 KiB, shared with ErrorInfo. */
const violationsMax = 20;
const detailBytesMax = 3 * 1024;

/** Longest path and description; keys of maps are the caller's and can be long. */
const textCharsMax = 256;

/** Fields that the message names; the detail has the others. */
const namedMax = 3;

/**
 * INVALID_REQUEST for all that is wrong with a request. The message names the first three fields; the BadRequest detail
 * holds at most 20 violations in 3 KiB; `violations` in the metadata counts all.
 */
export function invalidRequest(violations: readonly FieldViolation[]): GatewayError {
  const named = violations.slice(0, namedMax).map(sentenceOf);
  const unnamed = violations.length - named.length;
  const message = `invalid request. ${named.join(". ")}${unnamed > 0 ? `. And ${unnamed} more` : ""}`;
  return new GatewayError("INVALID_REQUEST", message, {
    metadata: { violations: String(violations.length) },
  }).detail(BadRequestSchema, { fieldViolations: bounded(violations) });
}

function sentenceOf({ field, description }: FieldViolation): string {
  const what = description.slice(0, textCharsMax / 2);
  return field === "" ? what : `${field.slice(0, textCharsMax / 4)} ${what}`;
}

function bounded(violations: readonly FieldViolation[]): FieldViolation[] {
  const kept: FieldViolation[] = [];
  let bytes = 0;
  for (const violation of violations.slice(0, violationsMax)) {
    const cut = {
      field: violation.field.slice(0, textCharsMax),
      reason: violation.reason,
      description: violation.description.slice(0, textCharsMax),
    };
    // 8 bytes of tags and lengths per violation.
    bytes += Buffer.byteLength(cut.field + cut.reason + cut.description) + 8;
    if (bytes > detailBytesMax) break;
    kept.push(cut);
  }
  return kept;
}
