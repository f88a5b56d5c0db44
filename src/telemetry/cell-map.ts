/** Label sets of one family at most; what comes later is counted under "other" in every label. */
const cellsMax = 10_000;

/** The cells of one family by the values of their labels. */
export class CellMap<Label extends string, Own> {
  readonly #labels: readonly Label[];
  readonly #make: (labels: Partial<Record<Label, string>>) => Own;
  readonly #cells = new Map<string, Own>();

  constructor(labels: readonly Label[], make: (labels: Partial<Record<Label, string>>) => Own) {
    this.#labels = labels;
    this.#make = make;
  }

  /** The cell of these label values, in the order of the labels. */
  of(values: readonly string[]): Own {
    const key = values.length === 1 ? (values[0] ?? "") : values.join("\n");
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    if (this.#cells.size >= cellsMax && values.some((value) => value !== "other")) {
      return this.of(this.#labels.map(() => "other"));
    }
    const labels: Partial<Record<Label, string>> = {};
    for (const [i, label] of this.#labels.entries()) labels[label] = values[i] ?? "";
    const cell = this.#make(labels);
    this.#cells.set(key, cell);
    return cell;
  }

  all(): Iterable<Own> {
    return this.#cells.values();
  }
}
