import type { RerankAnswer, RerankAsk } from "./dialect.ts";
import { countTokens } from "./tokens.ts";

/** Orders documents by the share of the query's words that they have. */
export function rerank(ask: RerankAsk, seed: string): RerankAnswer {
  const wanted = wordsOf(ask.query);
  const results = ask.documents
    .map((document, index) => {
      const words = wordsOf(document);
      const found = [...wanted].filter((word) => words.has(word)).length;
      return { index, score: Math.min(0.01 + (0.98 * found) / Math.max(wanted.size, 1), 0.99) };
    })
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, ask.topN);
  return { ask, results, inputTokens: countTokens([ask.query, ask.documents]), seed };
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
