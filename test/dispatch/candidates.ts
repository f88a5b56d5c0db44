import { unknownModel } from "../../src/dispatch/known-facts.ts";
import type { Candidate } from "../../src/dispatch/route.ts";
import type { View } from "../../src/dispatch/strategies.ts";

/** Candidates at providers of these names, with weights. */
export function candidatesOf(weights: Readonly<Record<string, number>>): readonly Candidate[] {
  return Object.entries(weights).map(([id, weight]) => {
    const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
    const provider = { id, displayName: id, models: new Map(), defaultModel: undefined, timeouts };
    return { target: { provider, model: "m", selector: `${id}/m`, facts: unknownModel }, weight, arm: "" };
  });
}

/** Names of the providers, in order. */
export function idsOf(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ target }) => target.provider.id);
}

/** Nothing is known but what is given. */
export function viewWith(known: Partial<View>): View {
  return { cost: () => undefined, latencyMs: () => undefined, errorRate: () => 0, turn: () => 0, sticky: "", ...known };
}

/** Numbers from 0 on below 1, the same in every run. */
export function drawsFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
