import type { IdempotencyKey } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";

/** The header idempotency-key. Throws INVALID_REQUEST for a value that is no key, and for two of them. */
export function idempotencyKeyOf(value: string | string[] | undefined): IdempotencyKey | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^[\x21-\x7e]{1,255}$/.test(value)) return { value, choice: 0, choices: 1 };
  const message = "the header idempotency-key takes one key of 1 to 255 visible ASCII characters, such as a UUID";
  throw new GatewayError("INVALID_REQUEST", message, { metadata: { header: "idempotency-key" } });
}
