/** How often calls are looked at: at 200 tokens a second, what is not yet counted of one stays below 100. */
const lookMs = 500;

/** Calls whose answers are still coming, looked at all together now and then, so that nothing happens per token. */
export class RunningCalls {
  readonly #looks = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** Looks at a call until it ends. */
  follow(look: () => void, end: Promise<unknown>): void {
    this.#looks.add(look);
    this.#timer ??= setInterval(() => this.look(), lookMs).unref();
    void end.then(() => this.#over(look));
  }

  /** Looks at every call. */
  look(): void {
    for (const look of this.#looks) look();
  }

  #over(look: () => void): void {
    this.#looks.delete(look);
    if (this.#looks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
