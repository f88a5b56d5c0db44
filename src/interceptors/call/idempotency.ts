import { create } from "@bufbuild/protobuf";
import { type RoutingInfo, RoutingInfoSchema } from "../../../gen/llmhub/v1/routing_pb.ts";
import { type Cost, type Usage, UsageSchema } from "../../../gen/llmhub/v1/usage_pb.ts";
import { type AnswerKind, type Recorded, servedAgain } from "../../cache/answer.ts";
import type { Answer } from "../../cache/entry.ts";
import { keyName, requestDigest } from "../../cache/idempotency/digest.ts";
import {
  type KeyBook,
  type KeyFlight,
  type KeyLanding,
  keyInUse,
  readRecord,
} from "../../cache/idempotency/key-book.ts";
import { type Ending, encodeRecord } from "../../cache/idempotency/record.ts";
import type { Asked, Call, IdempotencyKey } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { GatewayError, type Reason } from "../../model/error.ts";
import type { Served } from "../../model/reply.ts";
import type { Target } from "../../model/target.ts";
import { timestampOf } from "../../model/timestamp.ts";
import { spanned } from "../../model/trace.ts";
import type { IdempotencyResult, Metrics } from "../../telemetry/metrics.ts";
import type { Prospect } from "./cache.ts";

/** Says of an answer that it is that of an earlier call. */
const replayHeader = "x-llmhub-idempotent-replay";

/** Ends that say nothing about the call: whoever repeats it wants it carried out. */
const unfinished: ReadonlySet<Reason> = new Set<Reason>(["CANCELLED", "DEADLINE_EXCEEDED"]);

/** What the interceptor works with. */
export interface IdempotencyOptions {
  readonly book: KeyBook;
  /** Throws what forbids the call: a key opens nothing that its caller may not ask for today. */
  readonly prospect: (call: Call<Asked>) => Prospect;
  /** Told of each call that is a repeat, before it is answered; rejects with what forbids it. */
  readonly answered: (call: Call<Asked>) => Promise<void>;
  /** How a call is being served. */
  readonly routingOf: (call: Call<Asked>, reply: Served, usage: Usage, cost: Cost | undefined) => RoutingInfo;
  readonly metrics: Metrics;
}

/** Carries out a call that has a key once, and gives its repeats the same answer. */
export function idempotent<Request extends Asked, R extends Served, A extends Answer>(
  kind: AnswerKind<R, A>,
  parts: IdempotencyOptions,
): (next: Dispatch<Call<Request>, R>) => Dispatch<Call<Request>, R> {
  return (next) => (call) => {
    const key = call.rpc.idempotency;
    return key === undefined ? next(call) : new KeyedCall({ kind, parts, next, call, key }).answer();
  };
}

interface Asking<Request extends Asked, R extends Served, A extends Answer> {
  readonly kind: AnswerKind<R, A>;
  readonly parts: IdempotencyOptions;
  readonly next: Dispatch<Call<Request>, R>;
  readonly call: Call<Request>;
  readonly key: IdempotencyKey;
}

/** One call that has a key. */
class KeyedCall<Request extends Asked, R extends Served, A extends Answer> {
  readonly #asking: Asking<Request, R, A>;
  readonly #name: string;
  readonly #digest: Uint8Array;
  readonly #book: KeyBook;

  constructor(asking: Asking<Request, R, A>) {
    this.#asking = asking;
    const { call, key, kind, parts } = asking;
    this.#name = keyName(kind.operation, call.rpc.caller, key);
    this.#digest = requestDigest(call.request, key);
    this.#book = parts.book;
  }

  async answer(): Promise<R> {
    const { call, parts } = this.#asking;
    const place = parts.prospect(call);
    for (;;) {
      const flight = this.#book.flight(this.#name);
      if (flight === undefined) return this.#ahead(place);
      this.#checkSame(flight.digest);
      const landing = await this.#landed(flight);
      if (landing.case === "kept") return this.#again(landing.record, place, "joined");
      if (landing.case === "failed") {
        this.#count("joined");
        // A copy without what the other call has spent: that is counted there.
        throw landing.error.with({});
      }
    }
  }

  /** How the call ends that is under way with the key. Rejects after too long a wait. */
  async #landed(flight: KeyFlight): Promise<KeyLanding> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(keyInUse()), this.#book.settings.waitMs);
    try {
      const { span, signal } = this.#asking.call.rpc;
      span?.link(flight.trace);
      const either = AbortSignal.any([signal, late.signal]);
      return await spanned(span, "wait for the first call", () => flight.landed(either));
    } catch (error) {
      throw this.#counted(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ahead(place: Prospect): Promise<R> {
    const { call, next } = this.#asking;
    const { span, signal, trace } = call.rpc;
    const flight = this.#book.begin(this.#name, this.#digest);
    flight.trace = trace;
    try {
      const claim = () => this.#book.claim(this.#name, flight, signal);
      const record = await spanned(span, "idempotency key", claim).catch((error: unknown) => {
        throw this.#counted(error);
      });
      if (record !== undefined) {
        this.#book.land(this.#name, flight, { case: "kept", record });
        return await this.#again(record, place, "replayed");
      }
      this.#count("first");
      return this.#recorded(await next(call), flight);
    } catch (thrown) {
      const error = GatewayError.of(thrown);
      this.#failed(flight, error, error.failure?.usage);
      throw thrown;
    }
  }

  /** What the first call brought. */
  async #again(record: Uint8Array, place: Prospect, result: "replayed" | "joined"): Promise<R> {
    const { call, kind, parts } = this.#asking;
    const { digest, ending } = readRecord(kind.schema, record);
    this.#checkSame(digest);
    await parts.answered(call);
    if (ending.case === "unkept") throw this.#unkept();
    this.#count(result);
    call.rpc.answerHeader(replayHeader, "true");
    if (ending.case === "error") throw ending.error.with({ idempotentReplay: "true" });
    const { answer } = ending;
    const { routing = create(RoutingInfoSchema), usage = create(UsageSchema), cost } = answer;
    const { id = call.id, createTime } = "createTime" in answer ? answer : {};
    const repeated = { ...call, id, replay: { routing, usage, cost, createTime } };
    return kind.replay(answer, servedAgain(repeated, answer, targetOf(routing, place), routing.policy));
  }

  /** The reply, written down as it passes. */
  #recorded(reply: R, flight: KeyFlight): R {
    const { kind } = this.#asking;
    const { entryBytesMax } = this.#book.settings;
    const ended = (end: Recorded<A>) => {
      if (end === "cut") void reply.outcome.then(({ error, usage }) => this.#failed(flight, error, usage));
      else if (end === "unfit" || kind.bytesMin(end) > entryBytesMax) this.#keep(flight, { case: "unkept" });
      // At once where it is known what it cost: readers leave out of it what they do not show.
      else if (end.usage !== undefined) this.#keep(flight, this.#told(reply, end, end.usage, end.cost));
      else void reply.outcome.then(({ usage, cost }) => this.#keep(flight, this.#told(reply, end, usage, cost)));
    };
    return kind.record(reply, entryBytesMax, ended);
  }

  /** The answer with all that is told of it. */
  #told(reply: R, answer: A, usage: Usage, cost: Cost | undefined): Ending<A> {
    const { call, parts } = this.#asking;
    if (answer.$typeName === "llmhub.v1.CompleteResponse") {
      answer.id = call.id;
      answer.createTime = timestampOf(reply.attempt.call.cache?.madeMs ?? Date.now());
    }
    answer.usage = usage;
    if (cost !== undefined) answer.cost = cost;
    answer.routing = parts.routingOf(call, reply, usage, cost);
    answer.warnings = [...reply.warnings, ...answer.warnings];
    return { case: "answer", answer };
  }

  /** A failure is kept if it cost something and a repeat would not help. */
  #failed(flight: KeyFlight, error: GatewayError | undefined, usage: Usage | undefined): void {
    const isPaid = usage !== undefined && usage.inputTokens + usage.outputTokens > 0;
    if (error === undefined || unfinished.has(error.reason)) this.#book.land(this.#name, flight, { case: "left" });
    else if (isPaid && error.retryMs === undefined) this.#keep(flight, { case: "error", error });
    else this.#book.land(this.#name, flight, { case: "failed", error });
  }

  /** Until it is kept, those who come find the call. */
  #keep(flight: KeyFlight, ending: Ending<A>): void {
    const { kind } = this.#asking;
    const { entryBytesMax } = this.#book.settings;
    let record = encodeRecord(kind.schema, this.#digest, ending);
    if (record.length > entryBytesMax) record = encodeRecord(kind.schema, this.#digest, { case: "unkept" });
    void this.#book.keep(this.#name, record, flight).then((isKept) => {
      if (!isKept) this.#count("lost");
      this.#book.land(this.#name, flight, { case: "kept", record });
    });
  }

  #checkSame(digest: Uint8Array): void {
    if (Buffer.compare(digest, this.#digest) === 0) return;
    this.#count("reused");
    throw new GatewayError(
      "IDEMPOTENCY_KEY_REUSED",
      "this idempotency key was used for another request - send a new key with each new request",
      { metadata: { idempotencyKey: this.#asking.key.value } },
    );
  }

  #unkept(): GatewayError {
    this.#count("unkept");
    return new GatewayError(
      "PAYLOAD_TOO_LARGE",
      "the call with this idempotency key was answered, and its answer was too large to be kept, or had to make room - to ask again, send another key",
      { metadata: { limitBytes: String(this.#book.settings.entryBytesMax) } },
    );
  }

  #counted(error: unknown): GatewayError {
    const failure = GatewayError.of(error);
    if (failure.reason === "IDEMPOTENCY_KEY_IN_USE") this.#count("in_use");
    if (failure.reason === "GATEWAY_DEPENDENCY_UNAVAILABLE") this.#count("unknown");
    return failure;
  }

  #count(result: IdempotencyResult): void {
    const { kind, parts } = this.#asking;
    parts.metrics.idempotencyRequests.cell(kind.operation, result).value += 1;
  }
}

/** Who gave the answer, also if calls lead elsewhere now. */
function targetOf({ provider: id, model: selector }: RoutingInfo, { targets }: Prospect): Target {
  const known = targets.find((target) => target.selector === selector);
  const [other] = targets;
  if (known !== undefined || other === undefined) return known ?? missing();
  return { ...other, provider: { ...other.provider, id }, model: selector.slice(id.length + 1), selector };
}

function missing(): never {
  throw new GatewayError("INTERNAL", "a call was planned without a target");
}
