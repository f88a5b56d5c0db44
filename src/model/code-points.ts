/**
 * Positions in one text, which may grow at its end, in code points and in UTF-16 units. Goes on from the position that was
 * asked for last, either way: the sources of a long answer, which come in order, together take one pass.
 */
export class CodePoints {
  #units = 0;
  #points = 0;

  /** UTF-16 units that the first code points take; those of the whole text if it has no more. */
  unitsBefore(text: string, points: number): number {
    while (this.#points < points && this.#units < text.length) this.#forth(text);
    while (this.#points > Math.max(0, points)) this.#back(text);
    return this.#units;
  }

  /** Code points in the first UTF-16 units. */
  pointsBefore(text: string, units: number): number {
    const end = Math.max(0, Math.min(units, text.length));
    while (this.#units < end) this.#forth(text);
    while (this.#units > end) this.#back(text);
    return this.#points;
  }

  #forth(text: string): void {
    this.#units += isPair(text, this.#units) ? 2 : 1;
    this.#points += 1;
  }

  #back(text: string): void {
    this.#units -= this.#units > 1 && isPair(text, this.#units - 2) ? 2 : 1;
    this.#points -= 1;
  }
}

function isPair(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  const second = text.charCodeAt(at + 1);
  return first >= 0xd800 && first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
}
