import type { Score, Scores } from "../model/scores.ts";
import { badResponse } from "./bad-response.ts";
import { numberOf, objectOf, positionOf } from "./field.ts";

/**
 * Reads a list like [{"index": 2, "relevance_score": 0.7}] about `count` documents, best first. Throws
 * PROVIDER_BAD_RESPONSE for what is none, and where a document is missing from the request or told of twice.
 */
export function scoresOf(list: unknown, count: number): Scores {
  if (!Array.isArray(list)) throw badResponse("bad_scores", "sent no list of scores");
  const scores = list.map((entry) => scoreOf(entry, count));
  if (new Set(scores.map(({ index }) => index)).size !== scores.length) {
    throw badResponse("bad_scores", "scored a document twice");
  }
  return scores.sort((a, b) => b.score - a.score);
}

function scoreOf(entry: unknown, count: number): Score {
  const { index, relevance_score } = objectOf(entry) ?? {};
  const position = positionOf(index);
  const score = numberOf(relevance_score);
  if (position === undefined || score === undefined || !Number.isFinite(score))
    throw badResponse("bad_scores", "sent a score that is none");
  if (position >= count) throw badResponse("bad_scores", `scored document ${position} of ${count}`);
  return { index: position, score };
}
