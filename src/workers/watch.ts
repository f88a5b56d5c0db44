import type { CrewHand } from "./hand.ts";

/** How often workers are asked for a sign of life, and the longest wait for it. */
const lookMs = 3000;
/** Looks in a row that one may miss: it is stuck, for no pause takes that long. A machine that stood still has missed one. */
const missesMax = 5;

/** Finds workers that are stuck, in a loop that never ends or because somebody has stopped them. */
export class Watch {
  readonly #hands: () => Iterable<CrewHand>;
  readonly #stuck: (hand: CrewHand) => void;
  readonly #missed = new WeakMap<CrewHand, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param stuck called at each look that a worker misses when it has missed too many. */
  constructor(hands: () => Iterable<CrewHand>, stuck: (hand: CrewHand) => void) {
    this.#hands = hands;
    this.#stuck = stuck;
  }

  begin(): void {
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Resolves when each has answered, or has not in time. */
  async look(withinMs = lookMs): Promise<void> {
    await Promise.all([...this.#hands()].map((hand) => this.#lookAt(hand, withinMs)));
  }

  async #lookAt(hand: CrewHand, withinMs: number): Promise<void> {
    // Whatever it says is a sign of life, and also that it does not serve yet.
    await hand.line.ask("readiness", undefined, withinMs).catch(() => undefined);
    const missed = hand.line.isUp ? 0 : (this.#missed.get(hand) ?? 0) + 1;
    this.#missed.set(hand, missed);
    if (missed >= missesMax) this.#stuck(hand);
  }
}
