import { createHash } from "node:crypto";
import type { Asked, Caller, IdempotencyKey } from "../../model/call.ts";
import { canonical } from "../canonical.ts";

/**
 * The name of a key in a store: callers of one tenant share their keys, those of none have them for themselves, and each
 * operation has keys of its own.
 */
export function keyName(operation: string, { tenantId, keyId }: Caller, { value, choice }: IdempotencyKey): string {
  const owner = tenantId === "" ? { keyId } : { tenantId };
  return sha256(canonical({ operation, owner, value, choice })).toString("base64url");
}

/** What tells requests apart that a key is used with: all of it counts, however it is written. */
export function requestDigest(request: Asked, { choices }: IdempotencyKey): Uint8Array {
  return sha256(canonical({ request, choices }));
}

/** Of UTF-16 as it is: in UTF-8 all halves of surrogate pairs would be the same. */
function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf16le").digest();
}
