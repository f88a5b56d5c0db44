/** Longest wait for an answer that calls wait for: longer than a busy moment, shorter than most calls. */
const answerMs = 1000;
/** Questions that are open at once; more are not asked. */
const openMax = 20_000;
/** Messages that wait to be sent; what comes beyond is not said. */
const waitingMax = 20_000;

/** What can be asked or told, by its name: what is said, and what is answered. */
export type Topics = Readonly<Record<string, readonly [said: unknown, answered: unknown]>>;

/** What is done about each of them. What it throws is told to whoever asked, by its message. */
export type Serving<T extends Topics> = {
  readonly [Name in keyof T]: (said: T[Name][0]) => T[Name][1] | Promise<T[Name][1]>;
};

/** Carries messages to another process, and from it. */
export interface Wire {
  /** @param sent called when the message has left, or cannot leave any more. */
  send(message: unknown, sent: () => void): void;
}

/** Kind: 0 tells, 1 asks, 2 answers, 3 answers that it failed. */
type Message = readonly [kind: 0 | 1 | 2 | 3, id: number, name: string, body: unknown];

/** There is no answer, or the other process could not do it. */
export class LineFailure extends Error {
  override readonly name = "LineFailure";
}

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: LineFailure) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * One end of the line between the process that holds what workers share and one of them. What is said within one turn of
 * the loop, or while a message is on its way, goes together as one message, in order. Everything is bounded.
 */
export class Line<Out extends Topics, In extends Topics> {
  readonly #wire: Wire;
  readonly #serving: Serving<In>;
  readonly #open = new Map<number, Question>();
  #waiting: Message[] = [];
  #isDue = false;
  #isClosed = false;
  #isSilent = false;
  #last = 0;

  constructor(wire: Wire, serving: Serving<In>) {
    this.#wire = wire;
    this.#serving = serving;
  }

  /** False: a question was not answered in time, and nothing has come since. */
  get isUp(): boolean {
    return !this.#isSilent && !this.#isClosed;
  }

  /**
   * Rejects with a LineFailure, at once while the other process is silent: its answer to the last question will tell when
   * that is over.
   * @param withinMs Infinity: as long as the other process lives.
   */
  ask<Name extends keyof Out & string>(name: Name, said: Out[Name][0], withinMs = answerMs): Promise<Out[Name][1]> {
    if (this.#isClosed) return Promise.reject(new LineFailure("the other process has gone"));
    if (this.#isSilent && withinMs !== Number.POSITIVE_INFINITY) {
      return Promise.reject(new LineFailure("the other process does not answer"));
    }
    if (this.#open.size >= openMax || this.#waiting.length >= waitingMax) {
      return Promise.reject(new LineFailure("the other process has too much to answer"));
    }
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const late = () => this.#late(id, withinMs);
      // What has arrived is read first: a process that was busy itself must not blame the other.
      const timer = withinMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => setImmediate(late), withinMs);
      this.#open.set(id, { resolve, reject, timer });
      this.#push([1, id, name, said]);
    });
  }

  /** Says something that nobody waits for. */
  tell<Name extends keyof Out & string>(name: Name, said: Out[Name][0]): void {
    if (!this.#isClosed && this.#waiting.length < waitingMax) this.#push([0, 0, name, said]);
  }

  /** A message of the wire has come. */
  received(messages: unknown): void {
    // Of one that has gone, what it held has been given back: nothing more is taken for it.
    if (this.#isClosed || !Array.isArray(messages)) return;
    this.#isSilent = false;
    for (const [kind, id, name, body] of messages as readonly Message[]) {
      if (kind === 2) this.#settle(id)?.resolve(body);
      else if (kind === 3) this.#settle(id)?.reject(new LineFailure(String(body)));
      else this.#serve(kind === 1 ? id : undefined, name, body);
    }
  }

  /** The other process has gone: nothing more is said, and nothing answered. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    for (const id of [...this.#open.keys()]) this.#settle(id)?.reject(new LineFailure("the other process has gone"));
  }

  async #serve(id: number | undefined, name: string, said: unknown): Promise<void> {
    try {
      const serve = this.#serving[name];
      if (serve === undefined) throw new LineFailure(`${name} is nothing that can be asked`);
      const answer = await serve(said);
      if (id !== undefined) this.#push([2, id, "", answer]);
    } catch (error) {
      if (id !== undefined) this.#push([3, id, "", error instanceof Error ? error.message : "it failed"]);
    }
  }

  #late(id: number, withinMs: number): void {
    const question = this.#settle(id);
    if (question === undefined) return;
    this.#isSilent = true;
    question.reject(new LineFailure(`no answer within ${withinMs} ms`));
  }

  #settle(id: number): Question | undefined {
    const question = this.#open.get(id);
    clearTimeout(question?.timer);
    this.#open.delete(id);
    return question;
  }

  #push(message: Message): void {
    this.#waiting.push(message);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#send);
  }

  readonly #send = (): void => {
    const messages = this.#waiting;
    if (messages.length === 0 || this.#isClosed) {
      this.#isDue = false;
      return;
    }
    this.#waiting = [];
    this.#wire.send(messages, this.#send);
  };
}
