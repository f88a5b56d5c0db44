import { createHash } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A hash of one request, from which every identifier in its answer follows. */
export function seedOf(path: string, body: Buffer): string {
  return createHash("sha256").update(path).update("\n").update(body).digest("hex");
}

/** An identifier of letters and digits, the same for the same seed and purpose; up to 32 characters. */
export function identifier(seed: string, purpose: string, length: number): string {
  const bytes = createHash("sha256").update(seed).update(purpose).digest().subarray(0, length);
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
}

/** A fraction from 0 up to 1, the same for the same seed and purpose. */
export function fraction(seed: string, purpose: string): number {
  return createHash("sha256").update(seed).update(purpose).digest().readUInt32BE() / 2 ** 32;
}
