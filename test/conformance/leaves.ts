/** What a JSON value is made of, wherever it stands: its texts, its fields, and its objects and lists as text. */
export class Leaves {
  readonly texts = new Set<string>();
  readonly keys = new Set<string>();
  readonly #trees = new Set<string>();

  constructor(value: unknown) {
    this.#add(value);
  }

  /** Whether this is one of the texts; nothing is everywhere. */
  has(text: string): boolean {
    return text === "" || this.texts.has(text);
  }

  /** Whether this is in one of the texts. */
  holds(text: string): boolean {
    return [...this.texts].some((whole) => whole.includes(text)) || text === "";
  }

  /** Whether this JSON text is one of the objects and lists, with its fields in the same order. */
  hasJson(json: string): boolean {
    return this.#trees.has(JSON.stringify(JSON.parse(json) ?? {}));
  }

  #add(value: unknown): void {
    if (typeof value === "string") this.texts.add(value);
    if (typeof value !== "object" || value === null) return;
    this.#trees.add(JSON.stringify(value));
    for (const [key, each] of Object.entries(value)) {
      if (!Array.isArray(value)) this.keys.add(key);
      this.#add(each);
    }
  }
}
