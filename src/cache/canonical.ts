import { createHash } from "node:crypto";

/**
 * The value as text. Two values have the same text exactly when they are equal: the order of members does not count, and
 * members that are undefined are not there. Lengths go first, so nothing that is inside a value can look like its end.
 * Bytes stand by their SHA-256.
 */
export function canonical(value: unknown): string {
  const out: string[] = [];
  write(value, out);
  return out.join("");
}

function write(value: unknown, out: string[]): void {
  if (typeof value === "string") out.push(`s${value.length}:`, value);
  else if (value instanceof Uint8Array) out.push("b", createHash("sha256").update(value).digest("hex"));
  else if (Array.isArray(value)) {
    out.push(`a${value.length}:`);
    for (const item of value) write(item, out);
  } else if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    out.push(`o${members.length}:`);
    for (const [name, member] of members) {
      write(name, out);
      write(member, out);
    }
  } else out.push(`${typeof value} ${value};`);
}
