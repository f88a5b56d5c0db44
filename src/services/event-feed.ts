import { create } from "@bufbuild/protobuf";
import {
  HeartbeatSchema,
  type StreamFinished,
  StreamStartedSchema,
  UsageUpdateSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import type { RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Call } from "../model/call.ts";
import type { Chunk } from "../model/chunk.ts";
import { GatewayError } from "../model/error.ts";
import type { Reply } from "../model/reply.ts";
import type { Batch } from "./event-stream.ts";
import { createTimeOf, routingOf, viewed } from "./routing-info.ts";

type Result = IteratorResult<Batch>;

const heartbeat: Chunk = { case: "heartbeat", value: create(HeartbeatSchema) };

/**
 * The events of one streamed call as clients see them: started first, heartbeats during silence, the answer's chunks with
 * the facts that only the end knows, and the usage before an error. Pull-driven: nothing is read ahead of the reader.
 */
export class EventFeed implements AsyncIterableIterator<Batch> {
  readonly #call: Call;
  readonly #planned: () => RoutingInfo | undefined;
  readonly #heartbeatMs: number;
  readonly #resumeToken: string;
  readonly #replying: Promise<Reply>;
  #timer: NodeJS.Timeout | undefined;
  #reply: Reply | undefined;
  #started = false;
  #lastMs = performance.now();
  /** The source is being read, and the result has not come. */
  #reading = false;
  /** A result that came while nobody asked. */
  #ready: Result | undefined;
  #error: GatewayError | undefined;
  #accept: ((result: Result) => void) | undefined;
  #refuse: ((error: GatewayError) => void) | undefined;

  /**
   * @param planned how the call is to be served, asked only if a heartbeat is due before any answer; undefined: that is not known yet.
   * @param heartbeatMs longest silence; 0 for no heartbeats.
   * @param resumeToken empty: the stream cannot be resumed.
   */
  constructor(
    call: Call,
    planned: () => RoutingInfo | undefined,
    replying: Promise<Reply>,
    heartbeatMs: number,
    resumeToken: string,
  ) {
    this.#call = call;
    this.#planned = planned;
    this.#replying = replying;
    this.#heartbeatMs = heartbeatMs;
    this.#resumeToken = resumeToken;
    if (heartbeatMs > 0) this.#timer = setTimeout(beat, heartbeatMs, this);
  }

  next(): Promise<Result> {
    const ready = this.#ready;
    if (ready !== undefined) {
      this.#ready = undefined;
      return Promise.resolve(ready);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((accept, refuse) => {
      this.#accept = accept;
      this.#refuse = refuse;
      if (!this.#reading) this.#read();
    });
  }

  async return(): Promise<Result> {
    clearTimeout(this.#timer);
    await this.#reply?.chunks.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Silence kills connections on the way: say that the call lives. */
  beat(): void {
    const leftMs = this.#heartbeatMs - (performance.now() - this.#lastMs);
    const due = leftMs < 1;
    if (due && this.#accept !== undefined) this.#deliver({ done: false, value: this.#withStarted([heartbeat]) });
    this.#timer = setTimeout(beat, due ? this.#heartbeatMs : leftMs, this);
  }

  #read(): void {
    this.#reading = true;
    if (this.#reply !== undefined) this.#reply.chunks.next().then(this.#took, this.#failed);
    else this.#replying.then(this.#opened, this.#failed);
  }

  readonly #opened = (reply: Reply): void => {
    this.#reply = reply;
    reply.chunks.next().then(this.#took, this.#failed);
  };

  readonly #took = (result: Result): void => {
    this.#reading = false;
    if (result.done === true) {
      clearTimeout(this.#timer);
      this.#deliver(result);
      return;
    }
    try {
      const last = result.value[result.value.length - 1];
      if (last?.case === "finished") this.#complete(last.value);
      if (this.#call.allowRestart === true) this.#rerouted(result.value);
      this.#deliver(this.#started ? result : { done: false, value: this.#withStarted(result.value) });
    } catch (error) {
      this.#failed(error);
    }
  };

  readonly #failed = (thrown: unknown): void => {
    this.#reading = false;
    clearTimeout(this.#timer);
    const error = GatewayError.of(thrown);
    this.#error = error;
    const { usage, cost } = error.failure ?? {};
    if (this.#started && usage !== undefined) {
      const value = create(UsageUpdateSchema, cost === undefined ? { usage } : { usage, cost });
      this.#deliver({ done: false, value: [{ case: "usage", value }] });
      return;
    }
    this.#refuse?.(error);
  };

  #deliver(result: Result): void {
    this.#lastMs = performance.now();
    const accept = this.#accept;
    this.#accept = undefined;
    if (accept === undefined) this.#ready = result;
    else accept(result);
  }

  #withStarted(batch: Batch): Batch {
    if (this.#started) return batch;
    this.#started = true;
    const reply = this.#reply;
    const { id } = reply?.attempt.call ?? this.#call;
    const value = create(StreamStartedSchema, {
      id,
      routing: reply === undefined ? this.#planned() : routingOf(this.#call, reply),
      resumeToken: this.#resumeToken,
      createTime: createTimeOf(reply),
      warnings: [...(reply?.warnings ?? [])],
    });
    return [{ case: "started", value }, ...batch];
  }

  #rerouted(batch: Batch): void {
    for (const chunk of batch) {
      if (chunk.case === "restarted" && this.#reply) chunk.value.routing = routingOf(this.#call, this.#reply);
    }
  }

  #complete(finished: StreamFinished): void {
    const reply = this.#reply;
    if (reply === undefined) return;
    finished.routing = routingOf(this.#call, reply, finished.usage, finished.cost);
    finished.warnings = [...reply.warnings, ...finished.warnings];
    viewed(this.#call, finished);
  }
}

function beat(feed: EventFeed): void {
  feed.beat();
}
