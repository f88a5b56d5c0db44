import type { GatewayError } from "../../model/error.ts";
import type { Journal } from "./journal.ts";
import { endOf, type StreamLog } from "./stream-log.ts";

/** How long events are gathered before they are written. */
const gatherMs = 100;
/** How often a silent stream says that its writer lives. */
const aliveMs = 2000;
/** Pause after a write that failed. */
const retryMs = 1000;
/** A stream that goes on is kept for so long after its last write at least. */
const openKeepMsMin = 10_000;

/** What a writer works for. */
export interface LogWriterParts {
  readonly log: StreamLog;
  readonly token: string;
  readonly keyId: string;
  readonly journal: Journal;
  readonly keepMs: number;
  readonly bytesMax: number;
  /** Called when another replica reads the stream. */
  readonly attended: () => void;
}

/**
 * Copies a stream to the log, behind what is sent: in pieces of a tenth of a second, one write at a time. A log that
 * fails is tried again, from what the journal still has. The end is written at once.
 */
export class LogWriter {
  readonly #parts: LogWriterParts;
  /** What the log has, the oldest first. */
  readonly #written: { readonly sequence: number; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Up to here the log has all. */
  #place = 0;
  #end: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  #flushing: Promise<void> | undefined;
  #over = false;

  constructor(parts: LogWriterParts) {
    this.#parts = parts;
  }

  /** The journal has more. */
  grew(): void {
    // At first at once: who loses the connection may turn to another replica.
    if (!this.#isDue) this.#wake(this.#place === 0 ? 0 : gatherMs);
  }

  /** The stream has ended, and the journal has all of it. */
  end(error: GatewayError | undefined): void {
    this.#end = endOf(error);
    this.#wake(0);
  }

  /** Nothing of the stream is kept here any more: what the log has in part is of no use. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const { log, token } = this.#parts;
    if (this.#place > 0) log.drop(token).catch(() => undefined);
  }

  /** Resolves when what is being written is written, or has failed. */
  async settled(): Promise<void> {
    await this.#flushing;
    if (this.#end !== undefined && !this.#over) this.#flush();
    await this.#flushing;
  }

  #wake(ms: number): void {
    this.#isDue = true;
    if (this.#flushing !== undefined || this.#over) return;
    clearTimeout(this.#timer);
    if (ms === 0) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), ms).unref();
  }

  #flush(): void {
    this.#isDue = false;
    this.#flushing = this.#writeAll().then(
      () => this.#flushed(this.#isDue ? gatherMs : aliveMs),
      // The log tells of its failures itself.
      () => {
        this.#isDue = true;
        this.#flushed(retryMs);
      },
    );
  }

  #flushed(pauseMs: number): void {
    this.#flushing = undefined;
    if (this.#over) return;
    const isDue = this.#isDue;
    this.#wake(pauseMs);
    this.#isDue = isDue;
  }

  async #writeAll(): Promise<void> {
    const { journal } = this.#parts;
    do {
      const piece = journal.piece(this.#place);
      if (piece === undefined) this.stop();
      else await this.#write(piece);
    } while (!this.#over && (this.#place < journal.end || this.#end !== undefined));
  }

  async #write({ messages, sequence, place }: { messages: Buffer; sequence: number; place: number }): Promise<void> {
    const { log, token, keyId, journal, keepMs, attended } = this.#parts;
    const end = place === journal.end ? this.#end : undefined;
    const isRead = await log.write({
      token,
      entry: { keyId, sequence, messages, end },
      keptFrom: this.#keptFrom(messages.length),
      keepMs: end === undefined ? Math.max(keepMs, openKeepMsMin) : keepMs,
    });
    if (messages.length > 0) this.#written.push({ sequence, bytes: messages.length });
    this.#bytes += messages.length;
    this.#place = place;
    if (end !== undefined) this.#over = true;
    if (isRead) attended();
  }

  /** The last event of the oldest entry that there is still room for. */
  #keptFrom(bytes: number): number {
    while (this.#bytes + bytes > this.#parts.bytesMax && this.#written.length > 0) {
      this.#bytes -= this.#written.shift()?.bytes ?? 0;
    }
    return this.#written[0]?.sequence ?? 0;
  }
}
