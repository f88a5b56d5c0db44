/**
 * Keeps a label from taking any number of values: the first `max` distinct words pass, every later one becomes "other".
 */
export class BoundedWords {
  readonly #seen = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(word: string): string {
    if (this.#seen.has(word)) return word;
    if (this.#seen.size >= this.#max) return "other";
    this.#seen.add(word);
    return word;
  }
}
