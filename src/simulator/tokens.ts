import { isObject } from "./json.ts";

const words = /\s*\S{1,12}|\s+$/gu;
const fragments = /.{1,6}/gsu;
const charsPerToken = 4;
const attachmentTokens = 85;
const depthMax = 64;
const opaqueKeys: ReadonlySet<string> = new Set(["bytes", "data", "file_data", "url"]);

/** Cuts text into about one token a word; joined, the tokens are the text again. */
export function tokensOf(text: string): string[] {
  return text.match(words) ?? [];
}

/** Cuts a JSON text into deltas of up to six characters, as providers stream tool arguments. */
export function fragmentsOf(json: string): string[] {
  return json.match(fragments) ?? [];
}

/** Estimates what a provider would count for a part of a request: a token for four characters, 85 for an attachment. */
export function countTokens(value: unknown, depth = 0): number {
  if (typeof value === "string") return Math.ceil(value.length / charsPerToken);
  if (depth > depthMax) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countTokens(item, depth + 1), 0);
  if (!isObject(value)) return 0;
  let sum = 0;
  for (const [key, member] of Object.entries(value)) {
    const opaque = typeof member === "string" && opaqueKeys.has(key);
    sum += opaque ? attachmentTokens : countTokens(member, depth + 1);
  }
  return sum;
}
