import { BoundedMap } from "../model/bounded-map.ts";

/** Of one provider. Names of models are invented by callers; the bound keeps them from filling the memory. */
const modelsMax = 1000;
/** Longest pause, in milliseconds: no provider is believed that asks for more. */
export const cooldownMsMax = 600_000;

/** Why a target is left alone, and until when on the clock of the cooldowns. */
export interface Cooldown {
  readonly untilMs: number;
  readonly quota: boolean;
}

/** Times during which models of one provider are not called, because it asked for that. Never shortened. */
export class Cooldowns {
  readonly #nowMs: () => number;
  readonly #models = new BoundedMap<Cooldown>(modelsMax);

  /** @param nowMs any steady clock, in milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Leaves the model alone for so long from now, at most 10 minutes. A longer cooldown that runs already stays. */
  cool(model: string, forMs: number, quota: boolean): void {
    const untilMs = this.#nowMs() + Math.min(forMs, cooldownMsMax);
    const running = this.#models.peek(model);
    if (forMs > 0 && untilMs > (running?.untilMs ?? 0)) this.#models.set(model, { untilMs, quota });
  }

  /** The cooldown that runs; undefined when none does. */
  of(model: string): Cooldown | undefined {
    const cooldown = this.#models.peek(model);
    if (cooldown === undefined || cooldown.untilMs > this.#nowMs()) return cooldown;
    this.#models.delete(model);
    return undefined;
  }

  /** Until the last of them ends, in milliseconds. */
  longestMs(): number {
    let untilMs = this.#nowMs();
    const nowMs = untilMs;
    for (const cooldown of this.#models.values()) untilMs = Math.max(untilMs, cooldown.untilMs);
    return untilMs - nowMs;
  }
}
