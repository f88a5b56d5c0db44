import { Code } from "@connectrpc/connect";
import type {
  CompleteRequest,
  CompleteResponse,
  StreamCompleteRequest,
  StreamCompleteResponse,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { Fold } from "../model/fold.ts";
import type { RepeatRules } from "./call-options.ts";
import { HubError } from "./hub-error.ts";
import { Deadline, isBreak, mayRepeat, Repeats } from "./repeat.ts";

/** One event of a stream. */
export type StreamEvent = StreamCompleteResponse;

type Start = StreamCompleteRequest["start"];

/** What a stream is read from. */
export interface StreamSource {
  readonly request: CompleteRequest;
  /** Calls the gateway. */
  readonly open: (start: Start, deadline: Deadline) => Promise<AsyncIterable<StreamEvent>>;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Aborts with the end of the client. */
  readonly closed: AbortSignal;
  readonly retry: RepeatRules | false;
  readonly resume: RepeatRules | false;
  /** A call more for the same costs nothing. */
  readonly isRepeatable: boolean;
}

const retriesMax = 3;
/** With the default pauses: as long as the gateway keeps a stream going that nobody reads, about. */
const resumesMax = 6;

/**
 * An answer that comes piece by piece. It is read once: as events, as text, or by `final` alone. Reading is pacing, and who
 * stops reading ends the call. A connection that breaks is made again, and the stream goes on behind the last event: each
 * comes exactly once.
 */
export class CompletionStream implements AsyncIterable<StreamEvent> {
  readonly #source: StreamSource;
  readonly #fold = new Fold();
  readonly #final = Promise.withResolvers<CompleteResponse>();
  readonly #left = new AbortController();
  #isRead = false;
  #token = "";
  #sequence = 0;
  #isFinished = false;

  constructor(source: StreamSource) {
    this.#source = source;
    // Who reads events need not ask for the whole.
    this.#final.promise.catch(() => undefined);
  }

  /** Every event but heartbeats, in order. Throws a HubError. */
  [Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void> {
    return this.#read();
  }

  /** The text of the answer, as it comes. Throws ABORTED where output that was given out becomes void, see allowRestart. */
  text(): AsyncGenerator<string, void> {
    return textIn(this.#read());
  }

  /**
   * The whole answer, equal to what `complete` would have given. Reads the stream if nobody has begun to; else it settles when
   * that reader is through. Rejects with a HubError, also if the reader stopped early.
   */
  final(): Promise<CompleteResponse> {
    if (!this.#isRead) void this.#drain().catch(() => undefined);
    return this.#final.promise;
  }

  async #drain(): Promise<void> {
    for await (const _ of this);
  }

  /** Who takes the first step is the reader: an iterator that nobody steps holds nothing up. */
  async *#read(): AsyncGenerator<StreamEvent, void> {
    if (this.#isRead) throw new HubError(Code.FailedPrecondition, "a stream can be read only once");
    this.#isRead = true;
    const { signal, closed, timeoutMs } = this.#source;
    const leave = (): void => {
      this.#left.abort(signal?.reason);
      // The reader may never come back.
      if (!this.#isFinished) this.#final.reject(HubError.cancelled(signal?.reason));
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    const deadline = new Deadline(timeoutMs, this.#left.signal, closed);
    try {
      yield* this.#unbroken(deadline);
    } catch (error) {
      const failure = deadline.failureOf(error);
      this.#final.reject(failure);
      throw failure;
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#left.abort();
      if (this.#isFinished) this.#final.resolve(this.#fold.response());
      else this.#final.reject(new HubError(Code.Canceled, "the reader left the stream early", { reason: "CANCELLED" }));
    }
  }

  /** The events of as many calls as it takes. */
  async *#unbroken(deadline: Deadline): AsyncGenerator<StreamEvent, void> {
    const { request, open, retry, resume } = this.#source;
    const tries = new Repeats(retry, retriesMax, deadline);
    const resumptions = new Repeats(resume, resumesMax, deadline);
    let start: Start = { case: "request", value: request };
    for (;;) {
      let hasBegun = false;
      try {
        for await (const event of await open(start, deadline)) {
          hasBegun = true;
          resumptions.succeeded();
          if (this.#isNew(event)) yield event;
        }
        if (this.#isFinished) return;
        throw new HubError(Code.Unavailable, "the stream ended before its answer did");
      } catch (error) {
        if (this.#isFinished) return;
        const failure = deadline.failureOf(error);
        if (!this.#mayGoOn(failure, hasBegun)) throw failure;
        await (this.#token === "" ? tries : resumptions).after(failure);
        if (this.#token !== "") start = this.#rest();
      }
    }
  }

  /** Whether another call may bring what is missing. */
  #mayGoOn(failure: HubError, hasBegun: boolean): boolean {
    if (this.#token !== "") return isBreak(failure) || (!hasBegun && mayRepeat(failure, true));
    return !hasBegun && mayRepeat(failure, this.#source.isRepeatable);
  }

  #rest(): Start {
    const value = { $typeName: "llmhub.v1.StreamResume", token: this.#token, afterSequence: this.#sequence } as const;
    return { case: "resume", value };
  }

  /** Takes an event up into the whole. False for what the reader does not need, or has. */
  #isNew({ sequence, event }: StreamEvent): boolean {
    if (event.case === "heartbeat" || sequence <= this.#sequence) return false;
    if (sequence !== this.#sequence + 1) {
      throw new HubError(Code.DataLoss, `event ${this.#sequence + 1} of the stream is missing`);
    }
    this.#sequence = sequence;
    // Of a gateway that is newer than this client.
    if (event.case === undefined) return false;
    if (event.case === "started") this.#token = event.value.resumeToken;
    else if (event.case === "finished") this.#isFinished = true;
    this.#fold.add(event);
    return true;
  }
}

async function* textIn(events: AsyncGenerator<StreamEvent, void>): AsyncGenerator<string, void> {
  let saidSome = false;
  for await (const { event } of events) {
    if (event.case === "restarted" && saidSome) {
      throw new HubError(Code.Aborted, "the answer begins anew; read events to know which parts are void");
    }
    const piece = textOfEvent(event);
    if (piece === "") continue;
    saidSome = true;
    yield piece;
  }
}

function textOfEvent(event: StreamEvent["event"]): string {
  if (event.case === "partDelta" && event.value.delta.case === "text") return event.value.delta.value;
  const part = event.case === "partStarted" ? event.value.part?.part : undefined;
  return part?.case === "text" ? part.value : "";
}
