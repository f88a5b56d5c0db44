import type { CompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../../gen/llmhub/v1/routing_pb.ts";
import { keptOf, madeMsOf, replay } from "../../cache/answer.ts";
import type { AnswerCache } from "../../cache/answer-cache.ts";
import { type Flight, type Landing, landingOf } from "../../cache/flight.ts";
import { type Recorded, recorded } from "../../cache/recording.ts";
import { type Wish, wishOf } from "../../cache/wish.ts";
import type { Call } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Reply } from "../../model/reply.ts";
import type { Target } from "../../model/target.ts";
import type { CacheResult, Metrics } from "../../telemetry/metrics.ts";

/** How often a call waits for another that then fails, before it goes on alone. */
const failuresMax = 2;

/** Where a call may go. */
export interface Prospect {
  /** Resource name of the alias or policy on the way; empty when there is none. */
  readonly policy: string;
  /** At least one. */
  readonly targets: readonly Target[];
}

/** What the interceptor works with. */
export interface CacheOptions {
  /** The cache of the configuration in force; undefined: none. */
  readonly current: () => AnswerCache | undefined;
  /** Throws what forbids the call: nobody gets from the cache what a provider would not be asked for. */
  readonly prospect: (call: Call) => Prospect;
  /** Told of each call that the cache answers, before it is; rejects with what forbids it. */
  readonly answered: (call: Call) => Promise<void>;
  readonly metrics: Metrics;
}

/** Answers a completion from the cache where it may and can, and calls that ask the same at the same time by one. */
export function cache(options: CacheOptions): (next: Dispatch<Call>) => Dispatch<Call> {
  const { current, metrics } = options;
  return (next) => (call) => {
    const answers = current();
    const { request, rpc } = call;
    if (answers === undefined && request.cache === undefined && rpc.cacheControl === undefined) return next(call);
    const wish = wishOf(request, rpc.cacheControl);
    if (answers !== undefined && (wish.read || wish.write)) {
      return new CachedCall(answers, next, call, wish, options).answer();
    }
    if (wish.only) return Promise.reject(missed(answers === undefined ? "the cache is off" : "it is none to be kept"));
    if (answers === undefined) return next(call);
    metrics.cacheRequests.cell("bypass").value += 1;
    return next(marked(call, CacheStatus.BYPASS));
  };
}

/** One call that the cache takes part in. */
class CachedCall {
  readonly #answers: AnswerCache;
  readonly #next: Dispatch<Call>;
  readonly #call: Call;
  readonly #wish: Wish;
  readonly #options: CacheOptions;

  constructor(answers: AnswerCache, next: Dispatch<Call>, call: Call, wish: Wish, options: CacheOptions) {
    this.#answers = answers;
    this.#next = next;
    this.#call = call;
    this.#wish = wish;
    this.#options = options;
  }

  async answer(): Promise<Reply> {
    const { request, rpc } = this.#call;
    const place = this.#options.prospect(this.#call);
    const selectors = place.targets.map(({ selector }) => selector);
    const key = await this.#answers.keyOf(request, { caller: rpc.caller, policy: place.policy, selectors });
    if (this.#wish.only) return (await this.#found(key, place)) ?? this.#missed();
    if (this.#wish.read) return this.#shared(key, place);
    this.#count("refresh");
    const reply = await this.#next(marked(this.#call, CacheStatus.BYPASS));
    return this.#recorded(key, reply);
  }

  /** From the cache, or together with others that ask the same; the first of them goes ahead. */
  async #shared(key: string, place: Prospect): Promise<Reply> {
    for (let failures = 0; failures < failuresMax; ) {
      const flight = this.#answers.flight(key);
      if (flight === undefined) return this.#ahead(key, place);
      const landing = await this.#landed(flight);
      // A copy without what the other call has spent: that is counted there.
      if (landing.case === "refused") throw landing.error.with({});
      const reply = landing.case === "answer" ? this.#replay(landing.answer, place) : undefined;
      if (reply !== undefined) {
        await this.#options.answered(this.#call);
        this.#count("shared");
        return reply;
      }
      if (landing.case === "failed") failures += 1;
      else if (landing.case !== "left") break;
    }
    this.#count("miss");
    return this.#next(marked(this.#call, CacheStatus.MISS));
  }

  async #landed(flight: Flight): Promise<Landing> {
    const { cacheWaiting } = this.#options.metrics;
    cacheWaiting.value += 1;
    try {
      return await flight.landed(this.#call.rpc.signal);
    } finally {
      cacheWaiting.value -= 1;
    }
  }

  async #ahead(key: string, place: Prospect): Promise<Reply> {
    const flight = this.#answers.begin(key);
    try {
      const found = await this.#found(key, place, flight);
      if (found !== undefined) return found;
      this.#count("miss");
      const reply = await this.#next(marked(this.#call, CacheStatus.MISS));
      return this.#recorded(key, reply, flight);
    } catch (error) {
      this.#answers.forget(key, flight);
      flight.land(landingOf(GatewayError.of(error)));
      throw error;
    }
  }

  async #found(key: string, place: Prospect, flight?: Flight): Promise<Reply | undefined> {
    const answer = await this.#answers.find(key);
    const reply = answer === undefined ? undefined : this.#replay(answer, place);
    if (answer === undefined || reply === undefined) return undefined;
    if (flight !== undefined) {
      this.#answers.forget(key, flight);
      flight.land({ case: "answer", answer });
    }
    await this.#options.answered(this.#call);
    this.#count("hit");
    return reply;
  }

  /** Undefined: it is too old for this call, or its target is none of today's. */
  #replay(answer: CompleteResponse, { targets, policy }: Prospect): Reply | undefined {
    if (this.#answers.now() - madeMsOf(answer) > this.#wish.ageMaxMs) return undefined;
    const target = targets.find(({ selector }) => selector === answer.routing?.model);
    return target && replay(this.#call, answer, target, policy);
  }

  #count(result: CacheResult): void {
    this.#options.metrics.cacheRequests.cell(result).value += 1;
  }

  #missed(): never {
    this.#count("miss");
    throw missed("there is no answer in the cache");
  }

  /** The reply, written down as it passes. */
  #recorded(key: string, reply: Reply, flight?: Flight): Reply {
    const answers = this.#answers;
    const land = (landing: Landing) => {
      if (flight === undefined) return;
      answers.forget(key, flight);
      flight.land(landing);
    };
    const ended = (end: Recorded) => {
      const answer = typeof end === "string" ? undefined : keptOf(reply, end, answers.now());
      // Loaded anew meanwhile: the provider may have been asked as the next configuration says.
      const isOutdated = this.#options.current() !== answers;
      if (answer !== undefined && isOutdated) land({ case: "answer", answer });
      else if (answer !== undefined) {
        flight?.land({ case: "answer", answer });
        // Until it is kept, those who come find the call.
        void answers.keep(key, answer, this.#wish.ttlMs).then(() => land({ case: "answer", answer }));
      } else if (end === "cut") void reply.outcome.then(({ error }) => land(landingOf(error)));
      else land({ case: "unshared" });
    };
    const bytesMax = answers.settings.entryBytesMax;
    return withChunks(reply, recorded(reply.chunks, { bytesMax, settled: reply.outcome, ended }));
  }
}

function withChunks(reply: Reply, chunks: Reply["chunks"]): Reply {
  const { attempt, sentMs, firstOutputMs, upstreamRequestId, warnings, outcome } = reply;
  return {
    attempt,
    sentMs,
    firstOutputMs,
    upstreamRequestId,
    // Known for certain at the end only.
    get upstreamModel() {
      return reply.upstreamModel;
    },
    warnings,
    outcome,
    chunks,
  };
}

function marked(call: Call, status: CacheStatus): Call {
  return { ...call, cache: { status, madeMs: undefined } };
}

function missed(why: string): GatewayError {
  return new GatewayError("CACHE_MISS", `only the cache was to answer, but ${why}`);
}
