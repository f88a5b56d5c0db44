const shown = "[secret]";

/** What Node's inspection looks for; the registered symbol, so that the model needs no Node module. */
const inspection = Symbol.for("nodejs.util.inspect.custom");

/** A value that must not be printed: it appears as "[secret]" in strings, JSON, logs and inspection. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it where the value leaves the process, and keep no copy. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspection](): string {
    return shown;
  }
}
