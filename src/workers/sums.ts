import { AggregatorRegistry, Registry } from "prom-client";
import type { MetricObject } from "../neighbours.ts";
import type { Exposition } from "../server/ops.ts";
import { openMetricsText, wantsOpenMetrics } from "../telemetry/exposition.ts";
import { withExemplars } from "./exemplars.ts";

/** Who has metrics of its own processes: a worker, by its number, or the one that holds what they share. */
type Owner = number | "holder";

/** Only counts of these kinds go on when their worker has ended. */
const lasting: ReadonlySet<string> = new Set(["counter", "histogram"]);
/** Metrics of a process, not of the gateway. */
const ofProcess = /^(?:process|nodejs)_/;

/**
 * The metrics of all workers as those of one gateway. What a worker has counted stays counted when it ends, as far as it
 * was told, or counters would go back; of one that does not answer the counts of the last time hold, and its gauges are
 * left out. Metrics of processes are told of each, by the label `worker`.
 */
export class Sums {
  /** What each worker that runs has told last. */
  readonly #told = new Map<number, readonly MetricObject[]>();
  /** Of all that have ended; each waits for the one before, or it would be lost. */
  #before: Promise<readonly MetricObject[]> = Promise.resolve([]);

  /** A worker that runs has answered. */
  tell(worker: number, metrics: readonly MetricObject[]): void {
    this.#told.set(worker, metrics);
  }

  /** The worker has ended. */
  ended(worker: number): void {
    const told = this.#told.get(worker);
    this.#told.delete(worker);
    if (told === undefined) return;
    this.#before = this.#before.then((before) => {
      return AggregatorRegistry.aggregate([before, countsOf(told)]).getMetricsAsJSON();
    });
  }

  /**
   * Text for a scraper. @param own of the process that holds. @param answered workers that have told just now. @param accept
   * the scraper's Accept header.
   */
  async exposition(own: readonly MetricObject[], answered: ReadonlySet<number>, accept = ""): Promise<Exposition> {
    let before: readonly MetricObject[] = [];
    // A worker that ends meanwhile is counted in one place, never in none or both.
    for (let seen: unknown; seen !== this.#before; ) {
      seen = this.#before;
      before = await this.#before;
    }
    const told = [...this.#told].map(([worker, metrics]) =>
      answered.has(worker) ? labelled(worker, metrics) : countsOf(metrics),
    );
    const registry = AggregatorRegistry.aggregate([labelled("holder", own), ...told, before]);
    if (!wantsOpenMetrics(accept)) return { contentType: registry.contentType, body: await registry.metrics() };
    const sums = withExemplars(await registry.getMetricsAsJSON(), told);
    return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: openMetricsText(sums) };
  }
}

function countsOf(metrics: readonly MetricObject[]): MetricObject[] {
  return metrics.filter(({ name, type }) => lasting.has(String(type)) && !ofProcess.test(name));
}

function labelled(worker: Owner, metrics: readonly MetricObject[]): MetricObject[] {
  return metrics.map((metric) => {
    if (!ofProcess.test(metric.name)) return metric;
    const values = metric.values.map((value) => ({ ...value, labels: { ...value.labels, worker: String(worker) } }));
    return { ...metric, aggregator: "first", values };
  });
}
