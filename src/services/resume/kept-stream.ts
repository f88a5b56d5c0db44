import type { Rpc } from "../../model/call.ts";
import { callerLeft } from "../../model/departure.ts";
import { GatewayError } from "../../model/error.ts";
import type { TraceContext } from "../../model/trace.ts";
import { EventEncoder } from "../event-encoder.ts";
import type { Batch, EventStream } from "../event-stream.ts";
import { Journal, type Piece, type Reading } from "./journal.ts";
import type { LogWriter } from "./log-writer.ts";
import { evicted, graceOver, superseded, unknownToken } from "./refusals.ts";

type Result = IteratorResult<Batch>;
type Source = AsyncIterableIterator<Batch>;

/** How far a resumed stream is read ahead of its reader. */
const unreadBytesMax = 64 * 1024;

/** Where streams are kept, as one of them sees it. */
export interface Keeper {
  /** How long a stream goes on whose caller left for this reason. 0: not at all. */
  graceAfter(reason: unknown): number;
  readonly streamBytesMax: number;
  grown(bytes: number): void;
  /** What copies the stream for other replicas, if anything. */
  writerOf(stream: KeptStream, journal: Journal): LogWriter | undefined;
  /** The stream has ended, and waits for whoever resumes it. */
  ended(stream: KeptStream): void;
  /** Nothing of the stream is kept any more. */
  forgotten(stream: KeptStream, bytes: number): void;
  /** Takes note of a stream without a reader; false: there are too many. */
  orphaned(stream: KeptStream): boolean;
  adopted(stream: KeptStream): void;
}

/** Whoever reads a stream on. */
export interface Reader {
  /** Where it is. */
  readonly place: number;
  /** There is more to read, or an end. */
  wake(): void;
  /** It reads no more: the error says why. */
  fail(error: GatewayError): void;
}

/**
 * A stream that can be resumed. Its transport reads it like any other, and what it encodes is kept. When the connection
 * breaks or somebody resumes, the stream reads itself on into what is kept, for the reader that is, or for one to come.
 */
export class KeptStream implements EventStream {
  readonly after = 0;
  readonly keeps = true;
  readonly token: string;
  readonly keyId: string;
  /** Where its call stands in a trace. */
  readonly trace: TraceContext | undefined;
  readonly #keeper: Keeper;
  readonly #encoder = new EventEncoder();
  #source: Source;
  #controller: AbortController | undefined;
  #journal: Journal | undefined;
  readonly #writer: LogWriter | undefined;
  /** The batch that is awaited, or that came and is not encoded. */
  #pending: Promise<Result> | undefined;
  #end: { readonly error: GatewayError | undefined } | undefined;
  /** The stream reads itself. */
  #alone = false;
  #paused = false;
  #reader: Reader | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** @param begin begins the call; the signal of its Rpc outlives the connection of the caller. */
  constructor(rpc: Rpc, token: string, begin: (rpc: Rpc) => Source, keeper: Keeper) {
    this.token = token;
    this.keyId = rpc.caller.keyId;
    this.trace = rpc.trace;
    this.#keeper = keeper;
    const journal = new Journal(keeper.streamBytesMax, (bytes) => keeper.grown(bytes));
    this.#journal = journal;
    this.#writer = keeper.writerOf(this, journal);
    const { signal } = rpc;
    const controller = new AbortController();
    this.#controller = controller;
    signal.addEventListener("abort", () => this.#left(signal.reason), { once: true });
    if (signal.aborted) controller.abort(signal.reason);
    this.#source = begin({ ...rpc, signal: controller.signal });
  }

  next(): Promise<Result> {
    if (this.#alone) return Promise.reject(superseded());
    const pending = this.#source.next();
    this.#pending = pending;
    // Read to its end: nothing of the call shall stay in memory for what is kept of its answer.
    if (this.#end !== undefined) this.#release();
    return pending;
  }

  encode(batch: Batch): Buffer {
    this.#pending = undefined;
    const messages = this.#encoder.encode(batch);
    this.#journal?.append(messages, this.#encoder.sequence);
    this.#writer?.grew();
    if (batch[batch.length - 1]?.case === "finished") this.#ended(undefined);
    return messages;
  }

  async return(): Promise<Result> {
    if (!this.#alone) {
      const source = this.#source;
      if (this.#end !== undefined) this.#release();
      else if (this.#pending === undefined) this.forget();
      else this.#pending.then(() => this.forget(), this.#failed);
      await source.return?.();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Sequence number of the newest event. */
  get sequence(): number {
    return this.#encoder.sequence;
  }

  /** Set once the stream has ended. */
  get end(): { readonly error: GatewayError | undefined } | undefined {
    return this.#end;
  }

  /** The place after an event. Undefined: what comes next is not kept any more. */
  placeAfter(sequence: number): number | undefined {
    return this.#journal?.placeAfter(sequence);
  }

  /** The messages behind an event, up to the end of a block. Undefined: they are not kept any more. */
  pieceAfter(sequence: number): Piece | undefined {
    const place = this.placeAfter(sequence);
    return place === undefined ? undefined : this.#journal?.piece(place);
  }

  /** The next events from a place on; none: there are no more yet. Throws RESUME_TOKEN_INVALID if they are not kept. */
  read(place: number): Reading {
    const journal = this.#journal;
    let reading = journal?.read(place);
    while (journal !== undefined && reading?.events.length === 0 && reading.place < journal.end) {
      reading = journal.read(reading.place);
    }
    if (reading === undefined) throw unknownToken();
    // The reader moves on first.
    if (this.#paused) queueMicrotask(() => this.#unpause());
    return reading;
  }

  /** Lets a reader take the place of the one before. */
  attach(reader: Reader): void {
    this.#adopt();
    this.#reader?.fail(superseded());
    this.#reader = reader;
    if (this.#end === undefined && !this.#alone) this.#takeOver();
  }

  /** A reader that was attached has gone. */
  left(reader: Reader, reason: unknown): void {
    if (reader !== this.#reader) return;
    this.#reader = undefined;
    if (this.#end !== undefined) return;
    if (this.#orphan(reason)) this.#unpause();
    else this.abort(reason);
  }

  /** Ends the call. Who cancels it wants nothing more of it. */
  abort(reason: unknown): void {
    this.#controller?.abort(reason);
    if (reason === callerLeft) this.forget();
  }

  /** Nobody is there to read. */
  get isOrphan(): boolean {
    return this.#grace !== undefined;
  }

  /** Another replica reads the stream: it has a reader, if a slow one to tell when it leaves. */
  attended(): void {
    this.#grace?.refresh();
  }

  /** Resolves when what other replicas get is written, or cannot be; of an aborted stream nobody reads, the end too. */
  async settled(): Promise<void> {
    while (this.#alone && this.#end === undefined && this.#pending !== undefined) {
      await this.#pending.catch(() => undefined);
    }
    await this.#writer?.settled();
  }

  /** Keeps nothing more. A reader of what was kept is told; a stream that nobody reads ends. */
  forget(): void {
    const journal = this.#journal;
    if (journal === undefined) return;
    this.#journal = undefined;
    this.#writer?.stop();
    this.#keeper.forgotten(this, journal.bytes);
    this.#reader?.fail(evicted());
    if (this.#alone) this.#controller?.abort(callerLeft);
  }

  /** The transport's own call is over. */
  #left(reason: unknown): void {
    if (this.#alone || this.#end !== undefined) return;
    // Without a first event the caller has no token.
    const resumable = this.#journal !== undefined && this.#encoder.sequence > 0;
    if (resumable && this.#orphan(reason)) this.#takeOver();
    else this.abort(reason);
  }

  #orphan(reason: unknown): boolean {
    const graceMs = this.#keeper.graceAfter(reason);
    if (graceMs === 0 || !this.#keeper.orphaned(this)) return false;
    this.#grace = setTimeout(() => this.abort(graceOver(graceMs)), graceMs);
    return true;
  }

  #adopt(): void {
    if (this.#grace === undefined) return;
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#keeper.adopted(this);
  }

  #takeOver(): void {
    this.#alone = true;
    this.#pending ??= this.#source.next();
    this.#pending.then(this.#took, this.#failed);
  }

  #readOn(): void {
    this.#paused = this.#isAhead();
    if (this.#paused || this.#end !== undefined) return;
    this.#pending = this.#source.next();
    this.#pending.then(this.#took, this.#failed);
  }

  #unpause(): void {
    if (this.#paused) this.#readOn();
  }

  #isAhead(): boolean {
    const { place } = this.#reader ?? {};
    return place !== undefined && (this.#journal?.end ?? 0) - place > unreadBytesMax;
  }

  readonly #took = (result: Result): void => {
    try {
      this.#take(result);
    } catch (error) {
      // A batch that cannot be encoded ends the call, as it does where a transport reads it.
      this.abort(GatewayError.of(error));
      this.#failed(error);
    }
  };

  #take({ done, value }: Result): void {
    if (done === true) {
      this.#ended(undefined);
      return;
    }
    // The transport may have waited for the same batch, and come first.
    if (this.#pending !== undefined) this.encode(value);
    this.#reader?.wake();
    this.#readOn();
  }

  readonly #failed = (thrown: unknown): void => {
    this.#ended(GatewayError.of(thrown));
  };

  #ended(error: GatewayError | undefined): void {
    const source = this.#source;
    if (this.#alone || error !== undefined) this.#release();
    // To its very end, as a transport would: it may have timers until then.
    if (this.#alone && source !== spent) source.next().catch(() => undefined);
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#adopt();
    if (this.#encoder.sequence === 0) this.forget();
    else if (this.#journal !== undefined) this.#keeper.ended(this);
    if (this.#journal !== undefined) this.#writer?.end(error);
    this.#reader?.wake();
  }

  #release(): void {
    this.#source = spent;
    this.#controller = undefined;
  }
}

/** What is left of a source that was read to its end. */
const spent: Source = {
  next: () => Promise.resolve({ done: true, value: undefined }),
  [Symbol.asyncIterator]: () => spent,
};
