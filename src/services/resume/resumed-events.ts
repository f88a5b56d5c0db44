import { create } from "@bufbuild/protobuf";
import { HeartbeatSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rpc } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { callerLeft } from "../../model/departure.ts";
import { GatewayError } from "../../model/error.ts";
import { EventEncoder } from "../event-encoder.ts";
import type { Batch, EventStream } from "../event-stream.ts";
import type { KeptStream, Reader } from "./kept-stream.ts";

type Result = IteratorResult<Batch>;

const heartbeat: Chunk = { case: "heartbeat", value: create(HeartbeatSchema) };

/** What a resumed reader begins with. */
export interface Resumption {
  readonly stream: KeptStream;
  /** Sequence number of the last event that the caller has, and the place after it. */
  readonly after: number;
  readonly place: number;
  readonly rpc: Rpc;
  /** Longest silence; 0 for no heartbeats. */
  readonly heartbeatMs: number;
  /** Called once, when it is read to its end, or with what ended it before. */
  readonly over: (error: GatewayError | undefined) => void;
}

/** The rest of a stream for a caller that has its beginning: what is kept, then what comes. */
export class ResumedEvents implements EventStream, Reader {
  readonly after: number;
  readonly keeps = false;
  readonly #from: Resumption;
  readonly #encoder: EventEncoder;
  #place: number;
  #error: GatewayError | undefined;
  #isOver = false;
  #accept: ((result: Result) => void) | undefined;
  #refuse: ((error: GatewayError) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Resumption) {
    this.#from = from;
    this.after = from.after;
    this.#place = from.place;
    this.#encoder = new EventEncoder(from.after);
    const { signal } = from.rpc;
    if (signal.aborted) {
      // Who has left already takes nobody's place.
      this.fail(GatewayError.of(signal.reason));
      return;
    }
    signal.addEventListener("abort", () => this.#left(signal.reason), { once: true });
    from.stream.attach(this);
  }

  get place(): number {
    return this.#place;
  }

  next(): Promise<Result> {
    return new Promise((accept, refuse) => {
      this.#accept = accept;
      this.#refuse = refuse;
      this.wake();
      const { heartbeatMs } = this.#from;
      if (this.#accept !== undefined && heartbeatMs > 0) this.#timer = setTimeout(beat, heartbeatMs, this);
    });
  }

  async return(): Promise<Result> {
    // A reader that stays attached without reading would hold the stream, and its provider, for ever.
    if (!this.#isOver) this.#from.stream.left(this, callerLeft);
    this.fail(new GatewayError("CANCELLED", "the reader has left"));
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  encode(batch: Batch): Buffer {
    return this.#encoder.encode(batch);
  }

  wake(): void {
    if (this.#accept === undefined) return;
    if (this.#error !== undefined) {
      this.#reject(this.#error);
      return;
    }
    const { stream } = this.#from;
    try {
      const { events, place } = stream.read(this.#place);
      this.#place = place;
      if (events.length > 0) this.deliver(events);
      else if (stream.end !== undefined) this.#finish(stream.end.error);
    } catch (error) {
      this.fail(GatewayError.of(error));
    }
  }

  fail(error: GatewayError): void {
    this.#error ??= error;
    this.#tellOver(this.#error);
    this.wake();
  }

  /** Gives a waiting transport what it waits for. */
  deliver(events: Batch): void {
    clearTimeout(this.#timer);
    const accept = this.#accept;
    this.#accept = undefined;
    accept?.({ done: false, value: events });
  }

  beat(): void {
    this.deliver([heartbeat]);
  }

  #finish(error: GatewayError | undefined): void {
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    clearTimeout(this.#timer);
    this.#tellOver(undefined);
    this.#accept?.({ done: true, value: undefined });
    this.#accept = undefined;
  }

  #reject(error: GatewayError): void {
    clearTimeout(this.#timer);
    this.#accept = undefined;
    this.#refuse?.(error);
  }

  #left(reason: unknown): void {
    this.#from.stream.left(this, reason);
    this.fail(GatewayError.of(reason));
  }

  #tellOver(error: GatewayError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#from.over(error);
  }
}

function beat(reader: ResumedEvents): void {
  reader.beat();
}
