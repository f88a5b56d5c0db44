import { unknownModel } from "../dispatch/known-facts.ts";
import { targetOf } from "../dispatch/router.ts";
import { GatewayError } from "../model/error.ts";
import type { Provider, Target } from "../model/target.ts";

/** A list is asked for again when it is older than this, and someone wants it. */
const freshMs = 600_000;
const retryMs = 60_000;
/** What a caller waits for the first list of a provider; what comes later is for the next caller. */
const firstWaitMs = 2000;
const askMs = 10_000;
/** Of one provider; the rest is not shown, but can be called. */
const namesMax = 10_000;
/** What CompleteRequest.model allows. */
const selectorForm = /^[A-Za-z0-9._:@/-]{1,256}$/;

/** What discovery needs of the world. */
export interface DiscoveryParts {
  /** Any steady clock, in milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds. */
  readonly elapsed: (ms: number) => Promise<void>;
  /** Told of each list that did not come; the old one stays. */
  readonly failed: (provider: Provider, error: GatewayError) => void;
}

interface Listing {
  targets: readonly Target[];
  /** When to ask next. */
  dueMs: number;
  askedMs: number;
  /** The question under way. */
  asking: Promise<void> | undefined;
  /** Some question has ended, well or badly. */
  settled: boolean;
}

/**
 * Models that providers list themselves and no table names. Asks only when somebody wants to know, one question at a time
 * for each provider. Lists live as long as the open provider: one that is opened with other settings starts anew.
 */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #listings = new WeakMap<Provider, Listing>();
  readonly #closing = new AbortController();

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /** The models of a provider as it listed them last, by selector in code unit order. Nothing is known of them. */
  targetsOf(provider: Provider): readonly Target[] {
    return this.#listings.get(provider)?.targets ?? [];
  }

  /** Asks the providers whose list is old. Waits at most 2 s, for first lists only; never rejects. */
  async refresh(providers: Iterable<Provider>): Promise<void> {
    const { now, elapsed } = this.#parts;
    const first: Promise<void>[] = [];
    let waitMs = 0;
    for (const provider of providers) {
      const { asking, settled, askedMs } = this.#asked(provider, now());
      if (asking === undefined || settled) continue;
      first.push(asking);
      waitMs = Math.max(waitMs, askedMs + firstWaitMs - now());
    }
    if (waitMs > 0) await Promise.race([Promise.all(first), elapsed(waitMs)]);
  }

  /** Gives up what is asked, and asks no more. */
  close(): void {
    this.#closing.abort();
  }

  #asked(provider: Provider, nowMs: number): Listing {
    const listing = this.#listings.get(provider) ?? newListing(nowMs);
    this.#listings.set(provider, listing);
    const isDue = listing.asking === undefined && nowMs >= listing.dueMs && !this.#closing.signal.aborted;
    if (isDue && provider.listModels !== undefined) {
      listing.askedMs = nowMs;
      listing.asking = this.#ask(provider, provider.listModels, listing).finally(() => {
        listing.asking = undefined;
        listing.settled = true;
      });
    }
    return listing;
  }

  async #ask(provider: Provider, list: NonNullable<Provider["listModels"]>, listing: Listing): Promise<void> {
    const { now, failed } = this.#parts;
    try {
      const names = await list(AbortSignal.any([this.#closing.signal, AbortSignal.timeout(askMs)]));
      listing.targets = targetsOf(provider, names);
      listing.dueMs = now() + freshMs;
    } catch (error) {
      listing.dueMs = now() + retryMs;
      failed(provider, GatewayError.of(error));
    }
  }
}

function newListing(nowMs: number): Listing {
  return { targets: [], dueMs: nowMs, askedMs: 0, asking: undefined, settled: false };
}

function targetsOf(provider: Provider, names: readonly string[]): Target[] {
  return [...new Set(names.slice(0, namesMax))]
    .filter((model) => model !== "" && !provider.models.has(model))
    .map((model) => targetOf(provider, model, unknownModel))
    .filter(({ selector }) => selectorForm.test(selector))
    .sort(bySelector);
}

/** Code unit order of selectors. */
export function bySelector(a: Target, b: Target): number {
  return a.selector < b.selector ? -1 : 1;
}
