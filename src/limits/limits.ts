import type { Asked, Call } from "../model/call.ts";
import type { Target } from "../model/target.ts";
import type { RedisLink } from "../storage/redis.ts";
import { Admission } from "./admission.ts";
import { MemoryStore } from "./memory-store.ts";
import { type Need, needOf, tokensBefore } from "./need.ts";
import { networkOf } from "./network.ts";
import { RedisStore } from "./redis-store.ts";
import type { Draw, Rule } from "./rule.ts";
import { RuleSet } from "./rule-set.ts";
import { RunningCalls } from "./running-calls.ts";
import type { SharedReservation, SharedStore } from "./shared-store.ts";

/** How long the units of a call stay taken after its deadline if its gateway dies. */
const lifeMarginMs = 60_000;

/** Scopes that are known without a target. */
const callerScopes: ReadonlySet<Rule["scope"]> = new Set<Rule["scope"]>(["key", "tenant", "ip"]);

/** Who takes something of limits. */
type Taker = Pick<Call<Asked>, "id" | "rpc">;

/** What limits are kept with. */
export interface LimitParts {
  /** The Redis that replicas share, if there is one now. */
  readonly redis: () => RedisLink | undefined;
  /** What the workers of this gateway share while there is no Redis. Absent: it has no others. */
  readonly workers?: SharedStore | undefined;
  /** The target that the route of a call names first; undefined where none is found, which is then told elsewhere. */
  readonly targetOf: (call: Call<Asked>) => Target | undefined;
  /** Whole milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
}

/**
 * Rate limits: exact across replicas with Redis, of this gateway without. While Redis, or the process that counts for all
 * workers, does not answer, each keeps its share of every limit, and what calls used is told when it is back.
 */
export class Limits {
  readonly #parts: LimitParts;
  readonly #local: MemoryStore;
  readonly #shared: RedisStore;
  readonly #running = new RunningCalls();
  #rules = new RuleSet([]);
  /** Those that concern a call which no provider is asked for, and one that takes a place all the same. */
  #callerRules = new RuleSet([]);
  #readerRules = new RuleSet([]);
  #shares = 1;
  #needsTokens = false;
  #needsTarget = false;

  constructor(parts: LimitParts) {
    this.#parts = parts;
    this.#local = new MemoryStore(parts.nowMs);
    this.#shared = new RedisStore(parts.redis);
  }

  /** Takes other rules into use; what is taken stays taken. @param shares who keeps one each while nothing is shared. */
  configure(rules: readonly Rule[], shares: number): void {
    this.#rules = new RuleSet(rules);
    this.#readerRules = this.#rules.filter(({ metric, scope }) => metric !== "tokens" && callerScopes.has(scope));
    this.#callerRules = this.#readerRules.filter(({ metric }) => metric === "requests");
    this.#shares = shares;
    this.#needsTokens = rules.some(({ metric }) => metric === "tokens");
    this.#needsTarget = this.#needsTokens || rules.some(({ scope }) => scope === "model" || scope === "provider");
  }

  /** Lets what a call holds grow with what comes of its answer. @param outputTokens so far. */
  follow(admission: Admission, outputTokens: () => number, end: Promise<unknown>): void {
    this.#running.follow(() => admission.wrote(outputTokens()), end);
  }

  /** Redis answers again. */
  resume(): void {
    void this.#shared.resume();
  }

  /**
   * Takes what a call needs from every limit that concerns it, or nothing; undefined where none does, at once where there
   * is none.
   */
  admit(call: Call<Asked>): Promise<Admission | undefined> | undefined {
    return this.#rules.isEmpty ? undefined : this.#admit(call);
  }

  async #admit(call: Call<Asked>): Promise<Admission | undefined> {
    const target = this.#needsTarget ? this.#parts.targetOf(call) : undefined;
    const need = this.#needsTokens ? needOf(call.request, target) : undefined;
    return this.#take(call, drawsOf(this.#rules, call, target, need), need);
  }

  /** The same for a call that is answered without a provider: only limits on requests of its caller concern it. */
  async admitAnswered(call: Call<Asked>): Promise<Admission | undefined> {
    if (this.#callerRules.isEmpty) return undefined;
    return this.#take(call, drawsOf(this.#callerRules, call, undefined), undefined);
  }

  /** The same for a reader of a stream that is kept. Undefined at once where no limit can concern it. */
  admitReader(call: Taker, takesPlace: boolean): Promise<Admission | undefined> | undefined {
    const rules = takesPlace ? this.#readerRules : this.#callerRules;
    return rules.isEmpty ? undefined : this.#take(call, drawsOf(rules, call, undefined), undefined);
  }

  async #take(call: Taker, draws: readonly Draw[], need: Need | undefined): Promise<Admission | undefined> {
    if (draws.length === 0) return undefined;
    const shared = this.#parts.redis() === undefined ? this.#parts.workers : this.#shared;
    if (shared === undefined) {
      const local = this.#local.admit(draws);
      return new Admission(draws, local.verdict, need, local);
    }
    const reservation = { id: call.id, draws, lifeMs: lifeOf(call, draws) };
    if (!shared.isUp) return this.#admitShare(reservation, need, undefined);
    try {
      const verdict = await shared.admit(reservation);
      return new Admission(draws, verdict, need, {
        raise: (units) => void shared.raise(reservation, units),
        settle: (units) => void shared.settle(reservation, units, false),
      });
    } catch {
      return this.#admitShare(reservation, need, shared);
    }
  }

  /** @param unsure may have taken the call's units, or still take them. */
  #admitShare(reservation: SharedReservation, need: Need | undefined, unsure: SharedStore | undefined): Admission {
    const draws = reservation.draws.map((draw) => shareOf(draw, this.#shares, need));
    const local = this.#local.admit(draws);
    const admission = new Admission(draws, local.verdict, need, {
      raise: (units) => local.raise(units),
      settle: (units) => {
        local.settle(units);
        void unsure?.settle(reservation, units, true);
      },
    });
    if (admission.refusal !== undefined) admission.settle(0);
    return admission;
  }
}

function drawsOf(rules: RuleSet, call: Taker, target: Target | undefined, need?: Need): Draw[] {
  return rules.drawsFor(
    (scope) => subjectOf(call, target, scope),
    (rule) => costOf(rule, rule.limit, need),
  );
}

function costOf(rule: Rule, limit: number, need: Need | undefined): number {
  return need !== undefined && rule.metric === "tokens" ? tokensBefore(need, rule, limit) : 1;
}

/** Requests alone are never settled, so that nothing need be remembered of them. */
function lifeOf({ rpc }: Taker, draws: readonly Draw[]): number {
  const isSettled = draws.some(({ rule }) => rule.metric !== "requests");
  return isSettled ? Math.ceil(rpc.deadlineMs - rpc.startMs) + lifeMarginMs : 0;
}

function shareOf(draw: Draw, shares: number, need: Need | undefined): Draw {
  const limit = Math.max(1, Math.floor(draw.limit / shares));
  return { ...draw, limit, cost: costOf(draw.rule, limit, need) };
}

function subjectOf({ rpc }: Taker, target: Target | undefined, scope: Rule["scope"]): string | undefined {
  switch (scope) {
    case "key":
      return rpc.caller.keyId || "anonymous";
    case "tenant":
      return rpc.caller.tenantId || undefined;
    case "model":
      return target?.selector;
    case "provider":
      return target?.provider.id;
    case "ip":
      return networkOf(rpc.peerAddress()) || undefined;
  }
}
