/** A JSON object as it came from a client: nothing about it is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for an object that is neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty one, so that absent and malformed read alike. */
export function object(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value if it is an array, else an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value if it is a string, else an empty one. */
export function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The value if it is a finite number. */
export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The texts in content that is either text or a list of blocks, a line each. */
export function textsIn(content: unknown): string {
  if (typeof content === "string") return content;
  return list(content)
    .map((block) => string(object(block)["text"]))
    .filter((text) => text !== "")
    .join("\n");
}
