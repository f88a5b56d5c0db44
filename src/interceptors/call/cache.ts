import { CacheStatus } from "../../../gen/llmhub/v1/routing_pb.ts";
import { type AnswerKind, keptOf, type Recorded, servedAgain } from "../../cache/answer.ts";
import type { AnswerCache } from "../../cache/answer-cache.ts";
import { type Answer, type Entry, isOf } from "../../cache/entry.ts";
import { Flight, type Landing, landingOf } from "../../cache/flight.ts";
import type { Renewals } from "../../cache/renewals.ts";
import { Lease } from "../../cache/turns.ts";
import { cacheOptionsOf, type Wish, wishOf } from "../../cache/wish.ts";
import type { Asked, Call } from "../../model/call.ts";
import type { Dispatch } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Served } from "../../model/reply.ts";
import type { Target } from "../../model/target.ts";
import { spanned } from "../../model/trace.ts";
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
  readonly prospect: (call: Call<Asked>) => Prospect;
  /** Told of each call that the cache answers, before it is; rejects with what forbids it. */
  readonly answered: (call: Call<Asked>) => Promise<void>;
  readonly renewals: Renewals;
  /** Makes Call.id of renewals. */
  readonly newId: () => string;
  readonly metrics: Metrics;
}

/**
 * Answers from the cache what it may and can, and calls that ask the same at the same time by one.
 * @param aside carries out calls that nobody made, to renew what is stale, with all that is told of a call.
 */
export function cache<Request extends Asked, R extends Served, A extends Answer>(
  kind: AnswerKind<R, A>,
  parts: CacheOptions,
  aside: Dispatch<Call<Request>, R>,
): (next: Dispatch<Call<Request>, R>) => Dispatch<Call<Request>, R> {
  const { current, metrics } = parts;
  return (next) => (call) => {
    const answers = current();
    const { request, rpc } = call;
    if (answers === undefined && rpc.cacheControl === undefined && cacheOptionsOf(request) === undefined) {
      return next(call);
    }
    const wish = wishOf(request, rpc.cacheControl);
    if (answers !== undefined && (wish.read || wish.write)) {
      return new CachedCall({ kind, parts, answers, next, aside, call, wish }).answer();
    }
    if (wish.only) return Promise.reject(missed(answers === undefined ? "the cache is off" : "it is none to be kept"));
    if (answers === undefined) return next(call);
    metrics.cacheRequests.cell(kind.operation, "bypass").value += 1;
    return next(marked(call, CacheStatus.BYPASS));
  };
}

interface Asking<Request extends Asked, R extends Served, A extends Answer> {
  readonly kind: AnswerKind<R, A>;
  readonly parts: CacheOptions;
  readonly answers: AnswerCache;
  readonly next: Dispatch<Call<Request>, R>;
  readonly aside: Dispatch<Call<Request>, R>;
  readonly call: Call<Request>;
  readonly wish: Wish;
}

/** Where an answer is to be kept, and how long it is as good as new. */
interface Shelf {
  readonly key: string;
  readonly ttlMs: number;
  /** The call that others wait for, if they do. */
  readonly flight?: Flight;
}

/** One call that the cache takes part in. */
class CachedCall<Request extends Asked, R extends Served, A extends Answer> {
  readonly #asking: Asking<Request, R, A>;

  constructor(asking: Asking<Request, R, A>) {
    this.#asking = asking;
  }

  async answer(): Promise<R> {
    const { answers, call, next, parts, wish } = this.#asking;
    const place = parts.prospect(call);
    const selectors = place.targets.map(({ selector }) => selector);
    const key = await answers.keyOf(call.request, { caller: call.rpc.caller, policy: place.policy, selectors });
    if (wish.only) return (await this.#found(key, place)) ?? this.#missed();
    if (wish.read) return this.#shared(key, place);
    this.#count("refresh");
    return this.#asked(next, marked(call, CacheStatus.BYPASS), { key, ttlMs: this.#ttlMs });
  }

  /** From the cache, or together with others that ask the same; the first of them goes ahead. */
  async #shared(key: string, place: Prospect): Promise<R> {
    const { answers, call, next } = this.#asking;
    for (let failures = 0; failures < failuresMax; ) {
      const flight = answers.flight(key);
      if (flight === undefined) return this.#ahead(key, place);
      const landing = await this.#landed(flight);
      // A copy without what the other call has spent: that is counted there.
      if (landing.case === "refused") throw landing.error.with({});
      const reply = landing.case === "entry" ? await this.#answered(landing.entry, place, "shared") : undefined;
      if (reply !== undefined) return reply;
      if (landing.case === "failed") failures += 1;
      else if (landing.case !== "left") break;
    }
    this.#count("miss");
    return next(marked(call, CacheStatus.MISS));
  }

  async #landed(flight: Flight): Promise<Landing> {
    const { call, parts } = this.#asking;
    const { span, signal } = call.rpc;
    const { cacheWaiting } = parts.metrics;
    cacheWaiting.value += 1;
    span?.link(flight.trace);
    try {
      return await spanned(span, "wait for the same call", () => flight.landed(signal));
    } finally {
      cacheWaiting.value -= 1;
    }
  }

  async #ahead(key: string, place: Prospect): Promise<R> {
    const { answers, call, next } = this.#asking;
    const flight = answers.begin(key);
    flight.trace = call.rpc.trace;
    try {
      const found = (await this.#found(key, place, flight)) ?? (await this.#elsewhere(key, place, flight));
      if (found !== undefined) return found;
      this.#count("miss");
      return await this.#asked(next, marked(call, CacheStatus.MISS), { key, ttlMs: this.#ttlMs, flight });
    } catch (error) {
      answers.land(key, flight, landingOf(GatewayError.of(error)));
      throw error;
    }
  }

  /** From another replica that is asking the same already. Undefined: it is the turn of this one, or there are none. */
  async #elsewhere(key: string, place: Prospect, flight: Flight): Promise<R | undefined> {
    const { answers, call, parts } = this.#asking;
    if (answers.turns === undefined) return undefined;
    const { cacheWaiting } = parts.metrics;
    cacheWaiting.value += 1;
    try {
      const turn = await answers.turns.wait(key, call.rpc.signal, () => this.#found(key, place, flight, "shared"));
      if (!(turn instanceof Lease)) return turn;
      flight.lease = turn;
      return undefined;
    } finally {
      cacheWaiting.value -= 1;
    }
  }

  async #found(
    key: string,
    place: Prospect,
    flight?: Flight,
    result: "hit" | "shared" = "hit",
  ): Promise<R | undefined> {
    const { answers, call, kind } = this.#asking;
    const entry = await spanned(call.rpc.span, "cache lookup", () => answers.find(kind, key));
    if (entry === undefined || this.#targetOf(entry, place) === undefined) return undefined;
    if (flight !== undefined) answers.land(key, flight, { case: "entry", entry });
    const isStale = answers.isStale(entry);
    const reply = await this.#answered(entry, place, isStale ? "stale" : result);
    if (isStale && this.#asking.wish.write) this.#renew(key, entry);
    return reply;
  }

  /** Asks anew for an answer that has had its time, while its caller has it already. */
  #renew(key: string, { ttlMs }: Entry): void {
    const { aside, answers, call, kind, parts } = this.#asking;
    const { cacheControl: _, ...rpc } = call.rpc;
    const peerAddress = rpc.peerAddress();
    parts.renewals.begin(key, async (life) => {
      const turn = await answers.turns?.attempt(key);
      if (turn === "taken") return;
      this.#count("renewal");
      const span = rpc.span?.child("cache renewal", "internal");
      const trace = span?.context ?? rpc.trace;
      const own = { ...rpc, ...life, span, trace, peerAddress: () => peerAddress, answerHeader: () => undefined };
      const renewal = { id: parts.newId(), rpc: own, request: call.request, stream: false };
      const flight = new Flight();
      flight.lease = turn;
      const shelf = { key, ttlMs, flight };
      const asked = this.#asked(aside, marked(renewal, CacheStatus.MISS), shelf);
      // The span lasts as long as the call.
      span?.end();
      const reply = await asked.catch((error: unknown) => {
        turn?.end(false);
        throw error;
      });
      await kind.finish(reply);
    });
  }

  /** From an entry, counted and marked. Undefined: it is none for this call. */
  async #answered(entry: Entry, place: Prospect, result: "hit" | "stale" | "shared"): Promise<R | undefined> {
    const { answers, call, kind, parts } = this.#asking;
    const target = this.#targetOf(entry, place);
    if (target === undefined || !isOf(kind.schema, entry)) return undefined;
    await parts.answered(call);
    this.#count(result);
    const ageSeconds = Math.max(0, answers.now() - entry.madeMs) / 1000;
    parts.metrics.cacheAge.observe(ageSeconds);
    call.rpc.answerHeader("age", String(Math.floor(ageSeconds)));
    const hit = { ...call, cache: { status: CacheStatus.HIT, madeMs: entry.madeMs } };
    return kind.replay(entry.answer, servedAgain(hit, entry.answer, target, place.policy));
  }

  /** Who gave an answer. Undefined: it is too old for this call, or its target is none of today's. */
  #targetOf(entry: Entry, { targets }: Prospect): Target | undefined {
    const { answers, wish } = this.#asking;
    if (answers.now() - entry.madeMs > wish.ageMaxMs) return undefined;
    // Who says how old is too old takes nothing that has had its time (RFC 9111, 5.2.1).
    if (wish.ageMaxMs < Number.POSITIVE_INFINITY && answers.isStale(entry)) return undefined;
    return targets.find(({ selector }) => selector === entry.answer.routing?.model);
  }

  get #ttlMs(): number {
    const { answers, wish } = this.#asking;
    return wish.ttlMs ?? answers.settings.ttlMs;
  }

  #count(result: CacheResult): void {
    const { kind, parts } = this.#asking;
    parts.metrics.cacheRequests.cell(kind.operation, result).value += 1;
  }

  #missed(): never {
    this.#count("miss");
    throw missed("there is no answer in the cache");
  }

  /** The reply to a call that is made now, written down as it passes. */
  async #asked(dispatch: Dispatch<Call<Request>, R>, call: Call<Request>, shelf: Shelf): Promise<R> {
    const { epoch } = this.#asking.answers;
    return this.#recorded(await dispatch(call), epoch, shelf);
  }

  /** @param epoch that of the cache when the provider was asked. */
  #recorded(reply: R, epoch: string, { key, ttlMs, flight }: Shelf): R {
    const { answers, call, kind, parts } = this.#asking;
    const land = (landing: Landing) => {
      if (flight !== undefined) answers.land(key, flight, landing);
    };
    const ended = (end: Recorded<A>) => {
      const entry = typeof end === "string" ? undefined : keptOf(reply, end, { madeMs: answers.now(), ttlMs });
      // Loaded anew meanwhile, the provider may have been asked as the next configuration says; or all is to be asked anew.
      const isOutdated = parts.current() !== answers || answers.epoch !== epoch;
      if (entry !== undefined && isOutdated) land({ case: "entry", entry });
      else if (entry !== undefined) {
        flight?.land({ case: "entry", entry });
        // Until it is kept, those who come find the call.
        void answers.keep(kind, key, entry, { caller: call.rpc.caller, lease: flight?.lease }).then((isKept) => {
          // Nobody finds it: each replica asks for itself.
          if (!isKept) flight?.lease?.end(true);
          land({ case: "entry", entry });
        });
      } else if (end === "cut") void reply.outcome.then(({ error }) => land(landingOf(error)));
      else land({ case: "unshared" });
    };
    return kind.record(reply, answers.settings.entryBytesMax, ended);
  }
}

function marked<Request extends Asked>(call: Call<Request>, status: CacheStatus): Call<Request> {
  return { ...call, cache: { status, madeMs: undefined } };
}

function missed(why: string): GatewayError {
  return new GatewayError("CACHE_MISS", `only the cache was to answer, but ${why}`);
}
