import { AggregatorRegistry } from "prom-client";
import type { MetricObject } from "../neighbours.ts";

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
  readonly #told = new Map<Owner, readonly MetricObject[]>();
  /** Of all that have ended. */
  #before: readonly MetricObject[] = [];

  /** Text for Prometheus. @param answers of those workers that have answered. */
  async exposition(own: readonly MetricObject[], answers: ReadonlyMap<number, readonly MetricObject[]>) {
    for (const [worker, metrics] of answers) this.#told.set(worker, metrics);
    const silent = [...this.#told].filter(([worker]) => worker !== "holder" && !answers.has(worker));
    const all = [
      labelled("holder", own),
      ...[...answers].map(([worker, metrics]) => labelled(worker, metrics)),
      ...silent.map(([, metrics]) => countsOf(metrics)),
      this.#before,
    ];
    const registry = AggregatorRegistry.aggregate(all);
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  /** The worker has ended. */
  async ended(worker: number): Promise<void> {
    const told = this.#told.get(worker);
    this.#told.delete(worker);
    if (told === undefined) return;
    this.#before = await AggregatorRegistry.aggregate([this.#before, countsOf(told)]).getMetricsAsJSON();
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
