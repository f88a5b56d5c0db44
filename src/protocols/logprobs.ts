import type { TokenAlternative, TokenLogprob } from "../../gen/llmhub/v1/completion_pb.ts";
import { objectOf } from "./field.ts";

/**
 * The tokens of a list with their probabilities; undefined where there are none. The provider lists the chosen token among
 * its alternatives as well: it is left out there.
 */
export function readLogprobs(list: unknown): TokenLogprob[] | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const tokens: TokenLogprob[] = [];
  for (const entry of list) {
    const chosen = read(entry);
    if (chosen === undefined) continue;
    const alternatives = alternativesOf(entry).filter(({ token }) => token !== chosen.token);
    tokens.push({ $typeName: "llmhub.v1.TokenLogprob", ...chosen, alternatives });
  }
  return tokens.length === 0 ? undefined : tokens;
}

function alternativesOf(entry: unknown): TokenAlternative[] {
  const list = objectOf(entry)?.["top_logprobs"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((other) => {
    const alternative = read(other);
    return alternative === undefined ? [] : [{ $typeName: "llmhub.v1.TokenAlternative", ...alternative }];
  });
}

function read(entry: unknown): { token: string; logprob: number } | undefined {
  const { token, logprob } = objectOf(entry) ?? {};
  return typeof token === "string" && typeof logprob === "number"
    ? { token: token.toWellFormed(), logprob }
    : undefined;
}
