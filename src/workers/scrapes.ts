import type { Exposition, OpsReadiness } from "../server/ops.ts";
import type { CrewMetrics } from "./crew-metrics.ts";
import type { CrewHand } from "./hand.ts";
import { Sums } from "./sums.ts";

/** Longest wait for the metrics of a worker: below what scrapers wait. */
const metricsMs = 2000;
/** Longest wait for a worker to say whether it is ready. */
const readinessMs = 500;

/** What probes and scrapers are told of all workers. */
export class Scrapes {
  readonly #serving: () => ReadonlyMap<number, CrewHand>;
  readonly #count: number;
  readonly #metrics: CrewMetrics;
  readonly #sums = new Sums();

  /** @param count workers that there should be. */
  constructor(serving: () => ReadonlyMap<number, CrewHand>, count: number, metrics: CrewMetrics) {
    this.#serving = serving;
    this.#count = count;
    this.#metrics = metrics;
  }

  /** Ready while one worker is: where it goes wrong for some, the others take the calls. */
  async readiness(): Promise<OpsReadiness> {
    const answers = await this.#answers((hand) => hand.line.ask("readiness", undefined, readinessMs));
    const all = [...answers.values()];
    const ready = all.filter((each) => each.ready).length;
    const missing = ready < this.#count ? [`degraded: ${ready} of ${this.#count} workers serve`] : [];
    return { ready: ready > 0, reasons: [...missing, ...new Set(all.flatMap(({ reasons }) => reasons))] };
  }

  /** Metrics of all workers together. */
  async exposition(accept: string): Promise<Exposition> {
    const asked = this.#serving().size;
    const answered = await this.#answers(async (hand) => {
      const metrics = await hand.line.ask("metrics", undefined, metricsMs);
      // What comes of one that has ended meanwhile would be counted once more with its successor's.
      if (this.#serving().get(hand.number) === hand) this.#sums.tell(hand.number, metrics);
    });
    this.#metrics.workers.value = this.#serving().size;
    this.#metrics.silentWorkers.value = Math.max(0, asked - answered.size);
    const own = await this.#metrics.registry.getMetricsAsJSON();
    return this.#sums.exposition(own, new Set(answered.keys()), accept);
  }

  /** The worker has ended: what it counted stays. */
  ended(worker: number): void {
    this.#sums.ended(worker);
  }

  /** Of those workers that answer in time. */
  async #answers<Answer>(ask: (hand: CrewHand) => Promise<Answer>): Promise<Map<number, Answer>> {
    const answers = new Map<number, Answer>();
    const asked = [...this.#serving()].map(([worker, hand]) =>
      ask(hand).then(
        (answer) => answers.set(worker, answer),
        () => undefined,
      ),
    );
    await Promise.all(asked);
    return answers;
  }
}
