/** Says what holds and what does not, one line each, and counts. */
export class Checks {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** @param why shown when it does not hold. */
  that(what: string, holds: boolean, why = ""): void {
    if (holds) this.#passed++;
    else this.#failed++;
    this.note(`${holds ? "ok" : "not ok"} ${what}`);
    if (!holds && why !== "") this.note(why.replace(/^/gm, "# "));
  }

  skip(what: string): void {
    this.#skipped++;
    this.note(`LEFT OUT ${what}`);
  }

  note(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** The last lines, and the exit code. */
  end(): void {
    if (this.#skipped > 0) this.note(`${this.#skipped} left out`);
    this.note(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
}
