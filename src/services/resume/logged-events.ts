import { create } from "@bufbuild/protobuf";
import { HeartbeatSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { GatewayError } from "../../model/error.ts";
import { EventEncoder } from "../event-encoder.ts";
import type { Batch, EventStream } from "../event-stream.ts";
import { numberedIn } from "./journal.ts";
import type { ResumeCall } from "./kept-streams.ts";
import { beyondEnd, logUnavailable, unknownToken, writerGone } from "./refusals.ts";
import { errorOf, type LogEntry, type StreamReader } from "./stream-log.ts";

type Result = IteratorResult<Batch>;

/** How often a stream that another replica still writes is looked at. */
const pollMs = 100;

const heartbeat: Chunk = { case: "heartbeat", value: create(HeartbeatSchema) };

/** The rest of a stream that another process carried out, or still does, out of the log that all share or from itself. */
export class LoggedEvents implements EventStream {
  readonly after: number;
  readonly keeps = false;
  readonly #call: ResumeCall;
  readonly #log: StreamReader;
  readonly #found: () => void;
  readonly #encoder: EventEncoder;
  /** Sequence number of the last event that was read. */
  #sequence: number;
  #isKnown = false;
  #end: string | undefined;
  #lastMs = performance.now();
  #isOver = false;

  /** @param found told once, when it is known that there is such a stream. */
  constructor(log: StreamReader, call: ResumeCall, found: () => void) {
    this.after = call.after;
    this.#call = call;
    this.#log = log;
    this.#found = found;
    this.#encoder = new EventEncoder(call.after);
    this.#sequence = call.after;
  }

  async next(): Promise<Result> {
    try {
      if (!this.#isKnown) await this.#know();
      const batch = await this.#batch();
      if (batch !== undefined) return { done: false, value: batch };
      const error = errorOf(this.#end ?? "");
      if (error !== undefined) throw error;
      this.#tellOver(undefined);
      return { done: true, value: undefined };
    } catch (thrown) {
      const error = thrown instanceof GatewayError ? thrown : logUnavailable(thrown);
      this.#tellOver(error);
      throw error;
    }
  }

  async return(): Promise<Result> {
    this.#tellOver(new GatewayError("CANCELLED", "the reader has left"));
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  encode(batch: Batch): Buffer {
    return this.#encoder.encode(batch);
  }

  async #know(): Promise<void> {
    const { token, after, rpc } = this.#call;
    let newest = await this.#log.newest(token);
    if (newest === undefined) {
      // A stream that has just begun is written a little behind what is sent.
      await elapsed(pollMs);
      newest = await this.#log.newest(token);
    }
    if (newest?.keyId !== rpc.caller.keyId) throw unknownToken();
    if (newest.end !== undefined && after > newest.sequence) throw beyondEnd(newest.sequence);
    this.#isKnown = true;
    this.#found();
  }

  /** The next events; undefined: the stream has ended. */
  async #batch(): Promise<Batch | undefined> {
    const { token, heartbeatMs, rpc } = this.#call;
    for (let isWritten = true; this.#end === undefined; ) {
      const events = this.#taken(await this.#log.read(token, this.#sequence));
      if (events.length > 0) {
        this.#lastMs = performance.now();
        return events;
      }
      if (this.#end !== undefined) break;
      // What a writer wrote last is there before it is known to be gone.
      if (!isWritten) throw writerGone();
      isWritten = await this.#log.attend(token);
      if (heartbeatMs > 0 && performance.now() - this.#lastMs >= heartbeatMs) {
        this.#lastMs = performance.now();
        return [heartbeat];
      }
      if (isWritten) await elapsed(pollMs);
      // Who asks on for nobody keeps the stream going for nobody.
      if (rpc.signal.aborted) throw GatewayError.of(rpc.signal.reason);
      if (this.#isOver) return undefined;
    }
    return undefined;
  }

  #taken(entries: readonly LogEntry[]): Chunk[] {
    const events: Chunk[] = [];
    for (const { messages, end } of entries) {
      for (const { sequence, event } of numberedIn(messages)) {
        // A write whose answer was lost is written twice.
        if (sequence <= this.#sequence) continue;
        if (sequence > this.#sequence + 1) throw unknownToken();
        events.push(event);
        this.#sequence = sequence;
      }
      this.#end ??= end;
    }
    return events;
  }

  #tellOver(error: GatewayError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call.over(error);
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
