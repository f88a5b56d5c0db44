import { createHash } from "node:crypto";
import type { Strategy } from "../model/policy.ts";
import type { Target } from "../model/target.ts";
import type { Candidate } from "./route.ts";

/** What is known of targets when one is to be picked. */
export interface View {
  /** What the call would cost there, in billionths of a dollar; undefined where the price is not known. */
  cost(target: Target): bigint | undefined;
  /** Time to the first output of late; undefined where nothing is known. */
  latencyMs(target: Target): number | undefined;
  /** Part of attempts that failed of late, 0 to 1; 0 where nothing is known. */
  errorRate(target: Target): number;
  /** How often the policy has picked before. */
  turn(): number;
  /** What the pick sticks to; empty: nothing. */
  readonly sticky: string;
}

/**
 * The candidates, best first. `draw` gives numbers from 0 on below 1. Where calls are spread (round-robin, weighted) or
 * the best changes (lowest-latency, healthiest), a sticky key decides instead: the same key gets the same order, and when
 * a target goes, only its keys move. Equals keep the order in which they are given.
 */
export function order(
  strategy: Strategy,
  candidates: readonly Candidate[],
  view: View,
  draw: () => number,
): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  switch (strategy) {
    case "priority":
      return candidates;
    case "lowest-cost":
      return ranked(candidates, ({ target }) => Number(view.cost(target) ?? Number.POSITIVE_INFINITY));
    case "weighted":
      return ranked(candidates, (each) => lot(each.weight, view.sticky === "" ? draw() : hashed(view.sticky, each)));
    default:
      if (view.sticky !== "") return ranked(candidates, (each) => lot(1, hashed(view.sticky, each)));
  }
  switch (strategy) {
    case "round-robin": {
      const first = view.turn() % candidates.length;
      return [...candidates.slice(first), ...candidates.slice(0, first)];
    }
    case "lowest-latency":
      return ranked(candidates, ({ target }) => expectedMs(view, target));
    case "healthiest":
      return ranked(candidates, ({ target }) => view.errorRate(target));
  }
}

/** Time to an output, with what failures cost of it. What nobody knows is tried, or it would never be known. */
function expectedMs(view: View, target: Target): number {
  const succeeds = 1 - view.errorRate(target);
  return succeeds <= 0 ? Number.POSITIVE_INFINITY : (view.latencyMs(target) ?? 0) / succeeds;
}

/** By rank, lowest first. */
function ranked(candidates: readonly Candidate[], rankOf: (candidate: Candidate) => number): readonly Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, rank: rankOf(candidate) }))
    .sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank))
    .map(({ candidate }) => candidate);
}

/**
 * The lot of a candidate: the lowest of all belongs to each with the probability of its share of the weights, and so on
 * among the rest (Efraimidis and Spirakis). With a hash for the draw it is weighted rendezvous hashing.
 */
function lot(weight: number, drawn: number): number {
  return weight === 0 ? Number.POSITIVE_INFINITY : -Math.log(1 - drawn) / weight;
}

/** Evenly spread from 0 on below 1, by key and target. */
function hashed(key: string, { target }: Candidate): number {
  return createHash("sha256").update(`${target.selector}\n${key}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
