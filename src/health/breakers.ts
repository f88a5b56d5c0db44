import type { Availability, Obstruction } from "../model/availability.ts";
import type { Provider, Target } from "../model/target.ts";
import type { CircuitState } from "./circuit.ts";
import { Guard, type GuardParts, type Visit } from "./guard.ts";
import { Place, type Scope } from "./place.ts";
import { obstructionOf, refusalFor } from "./refusal.ts";
import type { SharedPause } from "./shared-cooldowns.ts";

/** What the breakers work with. */
export interface BreakersParts extends Omit<GuardParts, "changed" | "cooled" | "trialAfterMs"> {
  /** Told when a circuit has changed; `model` is empty unless that is its scope. */
  readonly changed: (provider: Provider, scope: Scope, model: string, state: CircuitState) => void;
  /** Told of each pause that a provider asked for here. */
  readonly cooled: (pause: SharedPause) => void;
}

/** Of a provider that is not configured any more: calls that still run there are let through. */
const unguarded: Visit = { answered: () => undefined, ended: () => undefined };

/** Circuits and cooldowns of all configured providers. They outlive a reload where the provider does. */
export class Breakers implements Availability {
  readonly #parts: BreakersParts;
  #guards = new Map<Provider, Guard>();
  #places: ReadonlySet<Place> = new Set();
  #trialAfterMs = 0;

  constructor(parts: BreakersParts) {
    this.#parts = parts;
  }

  /**
   * Guards these providers from now on, each with its twins of other credentials. Those that stay keep their state, unless
   * the time to a trial has changed; so does the place of twins while one of them stays.
   */
  configure(twins: Iterable<readonly Provider[]>, trialAfterMs: number): void {
    const before = trialAfterMs === this.#trialAfterMs ? this.#guards : new Map<Provider, Guard>();
    const next = new Map<Provider, Guard>();
    this.#trialAfterMs = trialAfterMs;
    for (const group of twins) {
      let place = group.map((provider) => before.get(provider)?.place).find((known) => known !== undefined);
      for (const provider of group) {
        place ??= new Place(this.#partsOf(provider));
        next.set(provider, before.get(provider) ?? new Guard(provider, place, this.#partsOf(provider)));
      }
    }
    const guards = new Set(next.values());
    const places = new Set([...guards].map(({ place }) => place));
    for (const guard of this.#guards.values()) if (!guards.has(guard)) guard.end();
    for (const place of this.#places) if (!places.has(place)) place.end();
    this.#guards = next;
    this.#places = places;
  }

  waitMs({ provider, model }: Target): number {
    return this.#guards.get(provider)?.obstacle(model)?.waitMs ?? 0;
  }

  obstruction({ provider, model }: Target): Obstruction | undefined {
    const obstacle = this.#guards.get(provider)?.obstacle(model);
    return obstacle && obstructionOf(obstacle);
  }

  /** Begins an attempt; throws NO_HEALTHY_TARGET, PROVIDER_RATE_LIMITED or PROVIDER_QUOTA_EXHAUSTED at once. */
  enter(target: Target): Visit {
    const guard = this.#guards.get(target.provider);
    if (guard === undefined) return unguarded;
    const obstacle = guard.obstacle(target.model);
    if (obstacle !== undefined) throw refusalFor(target, obstacle);
    return guard.enter(target.model);
  }

  /** The guard of a configured provider. */
  of(provider: Provider): Guard | undefined {
    return this.#guards.get(provider);
  }

  /** No timer is left. */
  close(): void {
    for (const guard of this.#guards.values()) guard.end();
    for (const place of this.#places) place.end();
  }

  #partsOf(provider: Provider): GuardParts {
    const { nowMs, random, changed, cooled } = this.#parts;
    return {
      nowMs,
      random,
      trialAfterMs: this.#trialAfterMs,
      changed: (scope, model, state) => changed(provider, scope, model, state),
      cooled: (model, forMs, quota) => cooled({ provider: accountName(provider), model, forMs, quota }),
    };
  }
}

/** What pauses of a provider go by among replicas: a pause is over for who has another key, or is elsewhere. */
export function accountName({ id, account }: Pick<Provider, "id" | "account">): string {
  return account === undefined ? id : `${id} ${account}`;
}
