import { type Need, tokensMore } from "./need.ts";
import type { Draw } from "./rule.ts";
import type { Reading, Refusal, Verdict } from "./verdict.ts";

/** How to correct what was taken for a call. Units are those of each draw altogether, so that saying it twice changes nothing. */
export interface Correction {
  /** Takes what is missing, whether it is there or not. */
  raise(units: readonly number[]): void;
  /** The same, or gives back the rest. The first word counts. */
  settle(units: readonly number[]): void;
}

/** What became of a call at its limits, and what it holds of them until its end. Never rejects, and is not waited for. */
export class Admission {
  readonly draws: readonly Draw[];
  readonly refusal: Refusal | undefined;
  /** One for each draw, in their order. */
  readonly readings: readonly Reading[];
  readonly #need: Need | undefined;
  readonly #correction: Correction;
  readonly #units: number[];

  constructor(draws: readonly Draw[], verdict: Verdict, need: Need | undefined, correction: Correction) {
    this.draws = draws;
    this.refusal = verdict.refusal;
    this.readings = verdict.readings;
    this.#need = need;
    this.#correction = correction;
    this.#units = draws.map(({ cost }) => cost);
  }

  /** Nothing bounds the output of the call, and tokens are counted: what it holds is to grow with what comes. */
  get grows(): boolean {
    return this.#need !== undefined && this.#need.output === undefined;
  }

  /**
   * Takes more of each limit whose share of the call is used up. It is not refused: what has been said costs money, and
   * an answer that is cut off is worth nothing. Others wait for what the limit then lacks.
   */
  wrote(outputTokens: number): void {
    const used = (this.#need?.input ?? 0) + outputTokens;
    let isMore = false;
    for (const [i, { rule, limit }] of this.draws.entries()) {
      if (rule.metric !== "tokens" || used < (this.#units[i] ?? 0)) continue;
      this.#units[i] = used + tokensMore(rule, limit);
      isMore = true;
    }
    if (isMore) this.#correction.raise([...this.#units]);
  }

  /** Says what the call used. The first word counts. */
  settle(tokens: number): void {
    this.#correction.settle(this.draws.map((draw) => unitsAtEnd(draw, tokens)));
  }
}

function unitsAtEnd({ rule, cost }: Draw, tokens: number): number {
  switch (rule.metric) {
    case "tokens":
      return tokens;
    case "concurrent":
      return 0;
    case "requests":
      return cost;
  }
}
