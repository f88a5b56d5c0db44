import { randomUUID } from "node:crypto";
import type { Rpc } from "../../model/call.ts";
import { callerLeft, connectionLost } from "../../model/departure.ts";
import { GatewayError } from "../../model/error.ts";
import { type Batch, type EventStream, PassingEvents } from "../event-stream.ts";
import type { Journal } from "./journal.ts";
import { type Keeper, KeptStream } from "./kept-stream.ts";
import { LentStreams } from "./lent-streams.ts";
import { LogWriter } from "./log-writer.ts";
import { LoggedEvents } from "./logged-events.ts";
import { beyondEnd, unknownToken } from "./refusals.ts";
import { ResumedEvents } from "./resumed-events.ts";
import type { StreamLog, StreamReader } from "./stream-log.ts";

/** Most streams that go on without a reader: each costs money that perhaps nobody has a use for. */
const orphansMax = 1000;
/** Of them, those of one API key: no caller takes the place of all others. */
const orphansOfKeyMax = 500;
/** What a stream takes beside its events: measured, in the heap. */
const overheadBytes = 2048;

/** How long a stop waits for what it aborted to end, and for the log. */
const settleMsMax = 1000;

/** What an operator decides about streams. */
export interface KeepRules {
  /** Keep streams at all. */
  readonly resume: boolean;
  /** How long a stream is kept after its end. */
  readonly keepMs: number;
  /** How long a stream goes on after its caller lost the connection. */
  readonly graceMs: number;
  /** The same after its caller reset it, or a proxy did. 0: that is a cancel. */
  readonly resetGraceMs: number;
  /** Longest silence on a stream whose caller names none. */
  readonly heartbeatMs: number;
  /** Memory of all streams together. */
  readonly bytesMax: number;
  /** Memory of one stream; above it the oldest events are dropped. */
  readonly streamBytesMax: number;
  /** Copy streams for other replicas, if there is a log. */
  readonly shared: boolean;
}

/** What is counted. */
export interface KeepCounts {
  readonly resumed: { value: number };
  readonly bytes: { value: number };
  readonly orphans: { value: number };
}

/** What the store works with. */
export interface KeptStreamsParts {
  /** The rules in force. */
  readonly rules: () => KeepRules;
  readonly counts: KeepCounts;
  /** The log that replicas share, now. Undefined: there is none. */
  readonly log: () => StreamLog | undefined;
  /** The other workers of this gateway. Absent: it has none. */
  readonly neighbours?: { readonly streams: StreamReader; readonly tokenEnd: string } | undefined;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/** What a caller who resumes brings, and who is told how that ends. */
export interface ResumeCall {
  readonly token: string;
  readonly after: number;
  readonly rpc: Rpc;
  /** 0 for no heartbeats. */
  readonly heartbeatMs: number;
  readonly over: (error: GatewayError | undefined) => void;
}

/** The streams that can be resumed, in the memory of this process. Bounded in bytes: the oldest that ended go first. */
export class KeptStreams implements Keeper {
  readonly #parts: KeptStreamsParts;
  /** By token, in the order in which they began. */
  readonly #streams = new Map<string, KeptStream>();
  /** Streams that ended and when, in that order. */
  readonly #ended = new Map<KeptStream, number>();
  /** Streams without a reader, by API key; keys without any are not in it. */
  readonly #orphansOf = new Map<string, number>();
  /** What others may read. */
  readonly lent: StreamReader = new LentStreams((token) => this.#streams.get(token));
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: KeptStreamsParts) {
    this.#parts = parts;
  }

  /** Longest silence on a stream whose caller names none, kept or not. */
  get heartbeatMs(): number {
    return this.#parts.rules().heartbeatMs;
  }

  graceAfter(reason: unknown): number {
    const { graceMs, resetGraceMs } = this.#parts.rules();
    if (reason === callerLeft) return resetGraceMs;
    return reason === connectionLost ? graceMs : 0;
  }

  get streamBytesMax(): number {
    return this.#parts.rules().streamBytesMax;
  }

  /**
   * Begins a stream and keeps it, if the rules say so.
   * @param begin begins the call of this Rpc; the token, empty if nothing is kept, is for the started event.
   */
  open(rpc: Rpc, begin: (rpc: Rpc, token: string) => AsyncIterableIterator<Batch>): EventStream {
    if (!this.#parts.rules().resume) return new PassingEvents(begin(rpc, ""));
    // Unguessable. A UUID: randomUUID draws its bytes ahead, which other sources do not.
    const token = `${randomUUID()}${this.#parts.neighbours?.tokenEnd ?? ""}`;
    const stream = new KeptStream(rpc, token, (own) => begin(own, token), this);
    this.#streams.set(token, stream);
    this.grown(overheadBytes);
    return stream;
  }

  /** Whether the call that fills a stream of this API key goes on in this process. */
  isRunning(token: string, keyId: string): boolean {
    const stream = this.#streams.get(token);
    return stream?.keyId === keyId && stream.end === undefined;
  }

  /**
   * The rest of a stream.
   * @throws GatewayError RESUME_TOKEN_INVALID, also for streams of another API key; INVALID_REQUEST; FEATURE_DISABLED.
   */
  resume({ token, after, ...call }: ResumeCall): EventStream {
    if (!this.#parts.rules().resume) throw switchedOff();
    this.#sweep();
    const stream = this.#streams.get(token);
    const log = stream === undefined ? (this.#log ?? this.#parts.neighbours?.streams) : undefined;
    if (log !== undefined) return new LoggedEvents(log, { token, after, ...call }, () => this.#resumed());
    if (stream?.keyId !== call.rpc.caller.keyId) throw unknownToken();
    if (after > stream.sequence) throw beyondEnd(stream.sequence);
    const place = stream.placeAfter(after);
    if (place === undefined) throw unknownToken();
    this.#resumed();
    call.rpc.span?.link(stream.trace);
    return new ResumedEvents({ ...call, stream, after, place });
  }

  #resumed(): void {
    this.#parts.counts.resumed.value += 1;
  }

  /** Ends the streams that nobody reads: nobody can come back to this process. Resolves when the log has the others. */
  async close(reason: GatewayError): Promise<void> {
    clearTimeout(this.#timer);
    const streams = [...this.#streams.values()];
    for (const stream of streams) if (stream.isOrphan) stream.abort(reason);
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      late = setTimeout(resolve, settleMsMax);
    });
    await Promise.race([patience, Promise.all(streams.map((stream) => stream.settled()))]);
    clearTimeout(late);
  }

  get #log(): StreamLog | undefined {
    return this.#parts.rules().shared ? this.#parts.log() : undefined;
  }

  writerOf(stream: KeptStream, journal: Journal): LogWriter | undefined {
    const log = this.#log;
    const { keepMs, streamBytesMax: bytesMax } = this.#parts.rules();
    const { token, keyId } = stream;
    const attended = () => stream.attended();
    return log && new LogWriter({ log, token, keyId, journal, keepMs, bytesMax, attended });
  }

  grown(bytes: number): void {
    const { counts, rules } = this.#parts;
    counts.bytes.value += bytes;
    while (counts.bytes.value > rules().bytesMax) {
      const [oldest] = this.#ended.size > 0 ? this.#ended.keys() : this.#streams.values();
      if (oldest === undefined) return;
      oldest.forget();
    }
  }

  ended(stream: KeptStream): void {
    this.#ended.set(stream, this.#parts.now());
    this.#sweep();
  }

  forgotten(stream: KeptStream, bytes: number): void {
    this.#parts.counts.bytes.value -= bytes + overheadBytes;
    this.#streams.delete(stream.token);
    this.#ended.delete(stream);
  }

  orphaned({ keyId }: KeptStream): boolean {
    const { rules, counts } = this.#parts;
    const { orphans } = counts;
    const own = this.#orphansOf.get(keyId) ?? 0;
    // Where nobody can come back, nobody is waited for.
    if (!rules().resume || orphans.value >= orphansMax || own >= orphansOfKeyMax) return false;
    orphans.value += 1;
    this.#orphansOf.set(keyId, own + 1);
    return true;
  }

  adopted({ keyId }: KeptStream): void {
    this.#parts.counts.orphans.value -= 1;
    const left = (this.#orphansOf.get(keyId) ?? 0) - 1;
    if (left > 0) this.#orphansOf.set(keyId, left);
    else this.#orphansOf.delete(keyId);
  }

  /** Forgets what was kept long enough, and sees to it that the rest is forgotten when its time comes. */
  #sweep(): void {
    const { now, rules } = this.#parts;
    const { keepMs } = rules();
    const nowMs = now();
    for (const [stream, endMs] of this.#ended) {
      const leftMs = endMs + keepMs - nowMs;
      if (leftMs > 0) {
        this.#timer ??= setTimeout(() => this.#swept(), leftMs).unref();
        return;
      }
      stream.forget();
    }
  }

  #swept(): void {
    this.#timer = undefined;
    this.#sweep();
  }
}

function switchedOff(): GatewayError {
  return new GatewayError("FEATURE_DISABLED", "streams cannot be resumed here - streams.resume is off", {
    metadata: { feature: "resume" },
  });
}
