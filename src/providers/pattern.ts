import type { ModelPattern } from "../model/target.ts";

/** The pattern of names that begin as written before the "*": "gpt-*". */
export function patternOf(pattern: string): ModelPattern {
  return { prefix: pattern.slice(0, -1), strips: false };
}
