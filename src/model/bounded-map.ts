/** A map that drops what was not used for longest when it holds more than `sizeMax`. */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #sizeMax: number;
  readonly #dropped: ((value: Value) => void) | undefined;
  /** The key that was used last: to use it again moves nothing. */
  #newest: string | undefined;

  constructor(sizeMax: number, dropped?: (value: Value) => void) {
    this.#sizeMax = sizeMax;
    this.#dropped = dropped;
  }

  /** Looking is not using. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** The value, which counts as used now. */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined || key === this.#newest) return value;
    this.#move(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#move(key, value);
    if (this.#entries.size <= this.#sizeMax) return;
    for (const [oldest, old] of this.#entries) {
      this.#entries.delete(oldest);
      this.#dropped?.(old);
      return;
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  values(): Iterable<Value> {
    return this.#entries.values();
  }

  #move(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
  }
}
