import type { Client } from "undici";
import { type Handler, unsent } from "./carrier.ts";
import { ClosedError } from "./client.ts";
import { checkPath, type Letter, Line, type Owner, Sending } from "./line.ts";

/**
 * Connections to one origin, each for one request at a time. Others bound how many requests are under way. What brought a
 * request to its end may carry the next at once; what did not is never used again: undici is still busy with its failure.
 */
export class Connections implements Owner {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #lines = new Set<Line>();
  /** Those without a request. The last was used last, and is the likeliest to be open still. */
  readonly #idle: Line[] = [];
  #isClosed = false;

  constructor(origin: string, options: Client.Options) {
    this.#origin = origin;
    this.#options = options;
  }

  /** The handler hears of what cannot be sent, too. */
  send(letter: Letter, handler: Handler): void {
    if (!this.#admits(letter, handler)) return;
    const line = this.#idle.pop() ?? this.#open();
    line.send(new Sending(line, this, letter, handler));
  }

  /** Sends over a connection that carried nothing before, and closes it after. */
  sendFresh(letter: Letter, handler: Handler): void {
    if (!this.#admits(letter, handler)) return;
    const line = new Line(this.#origin, this.#options);
    line.send(new Sending(line, noOwner, letter, handler));
    closeAfter(line);
  }

  done(line: Line, isSound: boolean): void {
    if (isSound) {
      this.#idle.push(line);
      return;
    }
    this.#lines.delete(line);
    closeAfter(line);
  }

  /** Lets requests under way finish, then closes the connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const lines = [...this.#lines];
    this.#lines.clear();
    await Promise.all(lines.map((line) => line.close()));
  }

  #admits({ path }: Letter, handler: Handler): boolean {
    try {
      if (this.#isClosed) throw new ClosedError();
      checkPath(this.#origin, path);
      return true;
    } catch (error) {
      handler.onResponseError(unsent, error as Error);
      return false;
    }
  }

  #open(): Line {
    const line = new Line(this.#origin, this.#options);
    this.#lines.add(line);
    return line;
  }
}

/** Closes a connection once its request is done; how that fares, the handler hears. */
function closeAfter(line: Line): void {
  line.close().catch(() => undefined);
}

/** Of connections that are for one request only. */
const noOwner: Owner = { done: () => undefined };
