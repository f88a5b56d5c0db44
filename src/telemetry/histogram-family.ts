import { Histogram, type Registry } from "prom-client";
import type { TraceContext } from "../model/trace.ts";
import { CellMap } from "./cell-map.ts";
import { type Exemplar, exemplarOf } from "./exemplar.ts";
import type { FamilyNames } from "./family.ts";

/** What a histogram is called in Prometheus, and the upper bounds of its buckets, ascending. */
export interface HistogramNames extends FamilyNames<string> {
  readonly buckets: readonly number[];
}

type Labels = Readonly<Partial<Record<string, string>>>;

/** A number as prom-client makes its text of: it keeps the text of labels that several share. */
interface Reading {
  readonly labels: { readonly le?: number | "+Inf" };
  readonly sharedLabels: Labels;
  readonly value: number;
  readonly metricName: string;
  readonly exemplar?: Exemplar;
}

/** One histogram of a family. Whoever holds it adds to it directly, which hashes and allocates nothing. */
export class HistogramCell {
  readonly #bounds: Float64Array;
  /** By bucket, without those below; the last is for what lies beyond all. */
  readonly #counts: Float64Array;
  #sum = 0;
  /** The newest of each bucket. Undefined: there is none of any. */
  #exemplars: (Exemplar | undefined)[] | undefined;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Counts a finite value. @param trace where the call stands that it is of; one that is recorded is an exemplar. */
  observe(value: number, trace?: TraceContext): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    if (trace?.sampled !== true) return;
    this.#exemplars ??= [];
    this.#exemplars[bucket] = exemplarOf(trace, value);
  }

  /** As Prometheus reads it: each bucket with those below. */
  readings(name: string, sharedLabels: Labels): readonly Reading[] {
    let count = 0;
    const buckets = Array.from(this.#counts, (own, i) => {
      count += own;
      const labels = { le: this.#bounds[i] ?? ("+Inf" as const) };
      const exemplar = this.#exemplars?.[i];
      const reading = { labels, sharedLabels, value: count, metricName: `${name}_bucket` };
      return exemplar === undefined ? reading : { ...reading, exemplar };
    });
    return [
      ...buckets,
      { labels: {}, sharedLabels, value: this.#sum, metricName: `${name}_sum` },
      { labels: {}, sharedLabels, value: count, metricName: `${name}_count` },
    ];
  }
}

/** Histograms that differ in their labels, in cells of our own: prom-client sees them when it is asked. */
export class HistogramFamily extends Histogram {
  readonly #names: HistogramNames;
  readonly #cells: CellMap<string, { readonly labels: Labels; readonly cell: HistogramCell }>;

  constructor(registry: Registry, names: HistogramNames) {
    const { name, help, labels, buckets } = names;
    super({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });
    this.#names = names;
    const bounds = Float64Array.from(buckets);
    this.#cells = new CellMap(labels, (own) => ({ labels: own, cell: new HistogramCell(bounds) }));
    if (labels.length === 0) this.cell();
  }

  /** The histogram of these label values, in the order of the family's labels. */
  cell(...values: string[]): HistogramCell {
    return this.#cells.of(values).cell;
  }

  /** What prom-client makes text and JSON of; takes the place of its own numbers, of which there are none. */
  async getForPromString() {
    const { name, help } = this.#names;
    const values = [...this.#cells.all()].flatMap(({ labels, cell }) => cell.readings(name, labels));
    return { name, help, type: "histogram", aggregator: "sum", values };
  }
}
