import { FinishReason, type Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Asked, Attempt } from "../model/call.ts";
import type { ChunkOf } from "../model/chunk.ts";
import { GatewayError } from "../model/error.ts";
import type { Dialect, Headers, Reader, Rendered } from "../model/protocol.ts";
import type { Outcome, Piece, Reply } from "../model/reply.ts";
import { requestIdIn } from "../model/request-id.ts";
import { BatchQueue } from "../stream/batch-queue.ts";
import { AnswerBody } from "./answer-body.ts";
import { type Carrier, type Controller, type Handler, noConnection } from "./carrier.ts";
import { connectionFault } from "./connection-fault.ts";
import type { Head } from "./head.ts";
import { failureOf, faultIn, interrupted, truncated } from "./interruption.ts";
import { renderFor } from "./lossless.ts";
import { Tally } from "./tally.ts";
import { TimeLimit } from "./time-limit.ts";
import { traced } from "./trace.ts";

/** Bytes that may wait for a slow reader before the upstream is paused; one more read can come on top. */
const waitingBytesMax = 128 * 1024;
/** How long a provider may take to end a body after its terminal marker, before its connection is given up. */
const lingerMs = 1000;
/** How long the body of a refusal is waited for. */
const refusalMs = 2000;
/** One object for all: making an error with a stack for each call that ends early would cost more than the call. */
const finishedEarly = new Error("the answer is complete or no longer wanted");

/** Carries out one attempt: one exchange with a provider, in that provider's dialect. */
export function exchange<Request extends Asked, Value = never>(
  carrier: Carrier,
  dialect: Dialect<Request, Value>,
  attempt: Attempt<Request>,
): Promise<Reply<Value>> {
  let rendered: Rendered;
  try {
    attempt.call.rpc.signal.throwIfAborted();
    rendered = renderFor(dialect, attempt);
  } catch (error) {
    return Promise.reject(GatewayError.of(error));
  }
  return new Exchange(carrier, dialect, attempt, rendered.warnings).start(rendered);
}

/**
 * One exchange, from request to terminal marker. undici pushes bytes in, the reader turns them into chunks, the reply's
 * reader pulls batches out. Hot path: per read one reader call and one pass over its chunks, nothing else.
 *
 * Until the first content it is a promise that may reject; from then on it is a reply. It ends exactly once, in `#settle`.
 */
class Exchange<Request extends Asked, Value> implements Handler, Reply<Value> {
  readonly attempt: Attempt<Request>;
  readonly warnings: readonly Warning[];
  readonly sentMs = performance.now();
  readonly chunks: BatchQueue<Piece<Value>>;
  readonly outcome: Promise<Outcome>;
  firstOutputMs = 0;
  upstreamRequestId = "";

  readonly #carrier: Carrier;
  readonly #dialect: Dialect<Request, Value>;
  readonly #tally: Tally;
  readonly #limit: TimeLimit;
  readonly #body: AnswerBody;
  #reader: Reader<Value> | undefined;
  #controller: Controller | undefined;
  #waitingBytes = 0;
  #committed = false;
  #ended = false;
  /** The response has come to its end. */
  #received = false;
  #linger: NodeJS.Timeout | undefined;
  #accept!: (reply: Reply<Value>) => void;
  #reject!: (error: GatewayError) => void;
  #close!: (outcome: Outcome) => void;

  constructor(
    carrier: Carrier,
    dialect: Dialect<Request, Value>,
    attempt: Attempt<Request>,
    warnings: readonly Warning[],
  ) {
    this.#carrier = carrier;
    this.#dialect = dialect;
    this.attempt = attempt;
    this.warnings = warnings;
    this.#tally = new Tally(attempt, this);
    this.#limit = new TimeLimit(attempt.timeouts, this);
    this.#body = new AnswerBody(this);
    this.chunks = new BatchQueue<Piece<Value>>(
      () => this.#resume(),
      () => this.fail(new GatewayError("CANCELLED", "the caller left")),
    );
    this.outcome = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get upstreamModel(): string {
    return this.#reader?.model ?? "";
  }

  get outputTokens(): number {
    return this.#tally.outputTokens;
  }

  start({ path, body, headers: own }: Rendered): Promise<Reply<Value>> {
    const headers = traced(this.#carrier, this.attempt, own);
    return new Promise((accept, reject) => {
      this.#accept = accept;
      this.#reject = reject;
      this.attempt.call.rpc.signal.addEventListener("abort", this.#aborted);
      try {
        const fresh = this.attempt.freshConnection;
        this.#carrier.post({ path, body: JSON.stringify(body), headers, fresh }, this);
      } catch (error) {
        this.fail(GatewayError.of(error));
      }
    });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(finishedEarly);
  }

  onResponseStart(_controller: Controller, status: number, head: Head): void {
    // 103 (early hints) only announces the answer.
    if (this.#ended || status < 200) return;
    this.upstreamRequestId = requestIdIn(head);
    this.attempt.span?.set({ "http.response.status_code": status });
    try {
      this.#body.begin(status, head, this.attempt.call.stream, this.#dialect.streamsJson ?? false);
      if (this.#body.isAnswer) this.#reader = this.#dialect.read(this.attempt);
      else this.#linger = setTimeout(() => this.#body.complete(), refusalMs);
    } catch (error) {
      this.fail(GatewayError.of(error));
    }
  }

  onResponseData(controller: Controller, bytes: Buffer): void {
    if (!this.#ended && !this.#body.write(bytes)) controller.pause();
  }

  onResponseEnd(): void {
    this.#received = true;
    clearTimeout(this.#linger);
    this.#carrier.release();
    if (!this.#ended) this.#body.end();
  }

  onResponseError(_controller: Controller, error: Error): void {
    clearTimeout(this.#linger);
    this.#carrier.release();
    if (this.#ended) return;
    // The status of a refusal says enough, whatever becomes of its body.
    if (this.#body.isRefusal) this.#body.complete();
    else this.fail(error instanceof GatewayError ? error : connectionFault(error, this.attempt));
  }

  /** Plain bytes of an answer. */
  data(bytes: Buffer): void {
    if (this.#ended || this.#reader === undefined) return;
    const { items } = this.chunks;
    const seen = items.length;
    let error: unknown;
    try {
      this.#reader.push(bytes, items);
    } catch (thrown) {
      error = thrown;
    }
    this.#take(items, seen, bytes.length);
    if (error !== undefined) this.fail(GatewayError.of(error));
  }

  /** The answer's body is complete. */
  end(): void {
    if (this.#ended || this.#reader === undefined) return;
    const { items } = this.chunks;
    const seen = items.length;
    try {
      this.#reader.end(items);
      this.#take(items, seen, 0);
      if (!this.#ended) throw truncated();
    } catch (error) {
      this.fail(GatewayError.of(error));
    }
  }

  /** The body of a response that is no answer. */
  refused(status: number, headers: Headers, body: string): void {
    if (this.#ended) return;
    const fault = faultIn(this.#dialect, this.attempt, { status, headers, body });
    if (fault.reason === "PROVIDER_CREDENTIAL_INVALID") this.#carrier.distrust?.();
    // JSON where a stream was asked, and no error in it.
    this.fail(fault.reason === "PROVIDER_BAD_RESPONSE" && status < 300 ? fault.with({ cause: "not_sse" }) : fault);
  }

  /** A time limit has passed. */
  expired(error: GatewayError): void {
    this.fail(this.#carrier.withdraw(this) ? noConnection() : error);
  }

  /** More of the body can be taken. */
  resumed(): void {
    this.#controller?.resume();
  }

  /** Looks at what one read brought: counts it, commits at the first content, ends at the terminal marker. */
  #take(items: readonly Piece<Value>[], from: number, bytes: number): void {
    let content = false;
    for (let i = from; i < items.length && !this.#ended; i++) {
      const chunk = items[i] as Piece<Value>;
      this.#tally.add(chunk);
      if (chunk.case !== "usage") content = true;
      if (chunk.case === "finished") this.#finish(chunk);
    }
    if (!content) return;
    // A burst brings many pieces in one turn: what is the same for all of them is done with the first.
    if (!this.chunks.isWoken) this.#progress();
    if (this.#ended) return;
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > waitingBytesMax) this.#pause();
  }

  #progress(): void {
    const nowMs = performance.now();
    if (!this.#committed) this.#commit(nowMs);
    this.chunks.wake();
    if (!this.#ended) this.#limit.progress(nowMs);
  }

  #commit(nowMs: number): void {
    this.#committed = true;
    this.firstOutputMs = nowMs;
    this.#accept(this);
  }

  #finish({ value }: ChunkOf<"finished">): void {
    const { finishReason, usage = this.#tally.estimate(), cost } = value;
    const endMs = performance.now();
    const isUnmarked = this.#reader?.isUnmarked === true;
    this.#settle({ state: "finished", error: undefined, finishReason, usage, cost, endMs, isUnmarked });
    this.chunks.end();
    if (this.#received) return;
    // The connection is worth keeping if its body ends now; a body that goes on is cut.
    this.#linger = setTimeout(abort, this.#reader?.isUnwanted ? 0 : lingerMs, this.#controller).unref();
  }

  /** The body cannot be read, or another reason to give up. */
  fail(cause: GatewayError): void {
    if (this.#ended) return;
    this.#carrier.withdraw(this);
    const error = interrupted(cause, this.attempt, this.#committed, this.#tally.outputChars);
    const state =
      cause === this.attempt.call.rpc.signal.reason || cause.reason === "CANCELLED" ? "abandoned" : "failed";
    const usage = this.#tally.estimate();
    const cost = this.#tally.cost(usage);
    const spent = { usage, cost, sentMs: this.sentMs, sent: this.#controller !== undefined, started: this.#committed };
    error.withFailure(failureOf(this.attempt, error, spent));
    this.#settle({ state, error, finishReason: FinishReason.UNSPECIFIED, usage, cost, endMs: performance.now() });
    this.#controller?.abort(finishedEarly);
    this.#body.destroy();
    if (this.#committed) this.chunks.fail(error);
    else this.#reject(error);
  }

  /** The one end: releases what the exchange holds. */
  #settle(outcome: Outcome): void {
    this.#ended = true;
    clearTimeout(this.#linger);
    this.#limit.stop();
    this.attempt.call.rpc.signal.removeEventListener("abort", this.#aborted);
    this.#close(outcome);
  }

  readonly #aborted = (): void => this.fail(GatewayError.of(this.attempt.call.rpc.signal.reason));

  #pause(): void {
    this.#limit.pause(true);
    this.#body.pause();
    this.#controller?.pause();
  }

  #resume(): void {
    const wasPaused = this.#waitingBytes > waitingBytesMax;
    // Before the upstream goes on: it may bring more, and pause again, within the call.
    this.#waitingBytes = 0;
    if (!wasPaused || this.#ended) return;
    this.#limit.pause(false);
    this.#body.resume();
    this.#controller?.resume();
  }
}

function abort(controller: Controller | undefined): void {
  controller?.abort(finishedEarly);
}
