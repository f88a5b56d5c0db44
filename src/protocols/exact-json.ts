/** Source text access of ECMAScript 2025, which the compiler's libraries do not describe yet. */
interface SourceAccess {
  rawJSON(text: string): object;
  parse(text: string, reviver: Reviver): unknown;
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const json = JSON as JSON & SourceAccess;

const exactly: Reviver = (_key, value, { source }) =>
  typeof value === "number" && source !== undefined && String(value) !== source ? json.rawJSON(source) : value;

/**
 * Like JSON.parse, but JSON.stringify gives every number back as it was written: 1.0 stays 1.0, and integers beyond 2^53
 * keep their digits. Numbers that a double holds exactly are plain numbers. Keys that look like integers still come first.
 */
export function parseExact(text: string): unknown {
  return json.parse(text, exactly);
}
