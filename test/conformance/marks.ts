/** Something that only one place of a request says, so that it can be looked for in what is sent. */
export interface Mark {
  /** Path of the place in the request. */
  readonly field: string;
  /** How it is written when it is sent: any of these will do. */
  readonly written: readonly string[];
}

/** Makes marks and remembers where they were put. */
export class Marks {
  readonly all: Mark[] = [];
  #count = 0;

  /** A number that no mark had before. */
  next(): number {
    return ++this.#count;
  }

  /** A word for one place. */
  put(field: string): string {
    const mark = this.#word();
    this.note(field, [mark]);
    return mark;
  }

  /** A word that may also be written as the bytes of a file. */
  putFile(field: string): string {
    const mark = this.#word();
    this.note(field, [mark, Buffer.from(mark).toString("base64")]);
    return mark;
  }

  /** Remembers a place that is written otherwise than by a word of its own. */
  note(field: string, written: readonly string[]): void {
    this.all.push({ field, written });
  }

  #word(): string {
    const count = this.next();
    return `mark${count}x${(count * 7919) % 997}`;
  }
}
