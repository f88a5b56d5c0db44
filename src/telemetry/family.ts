import { type Aggregator, Counter, Gauge, type Registry } from "prom-client";
import { CellMap } from "./cell-map.ts";

/** One number of a family. Whoever holds it adds to it directly. */
export interface Cell {
  value: number;
}

/** What a family is called in Prometheus. */
export interface FamilyNames<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  /** What the numbers of several workers make together; absent: their sum. */
  readonly together?: Aggregator | undefined;
}

interface LabelledCell<Label extends string> extends Cell {
  readonly labels: Partial<Record<Label, string>>;
}

/**
 * Counters or gauges that differ in their labels. A cell is a plain number that Prometheus sees when it asks: adding to
 * it hashes nothing. Keep the cell where the labels are the same for many calls.
 */
export class Family<Label extends string> {
  readonly #cells: CellMap<Label, LabelledCell<Label>>;

  constructor(
    registry: Registry,
    type: "counter" | "gauge",
    { name, help, labels, together = "sum" }: FamilyNames<Label>,
  ) {
    const cells = new CellMap<Label, LabelledCell<Label>>(labels, (own) => ({ labels: own, value: 0 }));
    this.#cells = cells;
    const shared = { name, help, labelNames: labels, registers: [registry], aggregator: together };
    if (type === "counter") {
      new Counter({
        ...shared,
        collect() {
          this.reset();
          for (const cell of cells.all()) this.inc(cell.labels, cell.value);
        },
      });
    } else {
      new Gauge({
        ...shared,
        collect() {
          this.reset();
          for (const cell of cells.all()) this.set(cell.labels, cell.value);
        },
      });
    }
    if (labels.length === 0) this.cell();
  }

  /** A number that is read each time Prometheus asks, for these label values; takes the place of an earlier one. */
  show(read: () => number, ...values: string[]): void {
    Object.defineProperty(this.cell(...values), "value", { get: read, configurable: true });
  }

  /** The cell of these label values, in the order of the family's labels. */
  cell(...values: string[]): Cell {
    return this.#cells.of(values);
  }
}
