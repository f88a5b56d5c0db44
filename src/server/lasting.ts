/**
 * Finds what lasts. Most calls are over soon, and a timer for each costs more than all else about a limit of time: here
 * one timer serves all that began within the same `afterMs`, and only what is still there then gets one of its own.
 */
export class Lasting<Item> {
  readonly #afterMs: number;
  readonly #found: (item: Item) => void;
  readonly #items = new Set<Item>();
  readonly #look = (): void => {
    this.#timer = undefined;
    const items = [...this.#items];
    this.#items.clear();
    for (const item of items) this.#found(item);
  };
  #timer: NodeJS.Timeout | undefined;

  /** @param found told once of each item that is not removed within `afterMs`; some are found earlier. */
  constructor(afterMs: number, found: (item: Item) => void) {
    this.#afterMs = afterMs;
    this.#found = found;
  }

  add(item: Item): void {
    this.#items.add(item);
    this.#timer ??= setTimeout(this.#look, this.#afterMs).unref();
  }

  /** It is over, whether it was found or not. */
  remove(item: Item): void {
    this.#items.delete(item);
  }
}
