/**
 * Positions in a text, in code points and in UTF-16 units. Each part of the text is read once, when it is added, however
 * many positions are asked for, in whatever order.
 */
export class CodePoints {
  /** Positions of the code points that take two units, in code points. */
  readonly #wide: number[] = [];
  #units = 0;
  /** The text so far ends with the first half of what may be one code point. */
  #isHalf = false;

  /** @param text what there is of it; `add` takes what follows. */
  constructor(text: string) {
    this.add(text);
  }

  /** UTF-16 units of the text. */
  get units(): number {
    return this.#units;
  }

  /** Code points of the text. */
  get count(): number {
    return this.#units - this.#wide.length;
  }

  /** The text goes on. */
  add(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (this.#isHalf && unit >= 0xdc00 && unit <= 0xdfff) this.#wide.push(this.count - 1);
      this.#isHalf = unit >= 0xd800 && unit <= 0xdbff;
      this.#units++;
    }
  }

  /** UTF-16 units that the first code points take; those of the whole text if it has no more. */
  unitsBefore(points: number): number {
    return Math.min(points + this.#wideBefore((position) => position < points), this.#units);
  }

  /** Code points in the first UTF-16 units. */
  pointsBefore(units: number): number {
    return units - this.#wideBefore((position, index) => position + index + 1 < units);
  }

  /** How many of them are so, which are those before all others. */
  #wideBefore(isSo: (position: number, index: number) => boolean): number {
    let from = 0;
    let to = this.#wide.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isSo(this.#wide[middle] ?? 0, middle)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
