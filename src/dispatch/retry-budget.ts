import { BoundedMap } from "../model/bounded-map.ts";
import type { Caller } from "../model/call.ts";

/** Length of the window in which calls and repeats are counted. */
const windowMs = 10_000;
/** Repeats for each call. */
const repeatsPart = 0.1;
/** Repeats that are always allowed within a window, so that rare calls can be repeated too. */
const repeatsFloor = 3;
/** Pairs of caller and target that are counted; the one that was quiet longest is forgotten. */
const windowsMax = 10_000;

/** Counts of this window and of the one before it. */
interface Counts {
  startMs: number;
  calls: number;
  repeats: number;
  callsBefore: number;
  repeatsBefore: number;
}

/**
 * Keeps repeats from multiplying the load on a target that fails: for each target and tenant, or key without one, a tenth of the calls of the
 * last ten seconds and three more. Going on to a target that the call has not tried is no repeat.
 */
export class RetryBudget {
  readonly #nowMs: () => number;
  readonly #counts = new BoundedMap<Counts>(windowsMax);
  /** What was asked for last: most calls in a row are alike, and names that are put together are dear to look up. */
  #last: { readonly caller: Caller; readonly selector: string; readonly counts: Counts } | undefined;

  /** @param nowMs a clock that never goes back, as performance.now. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes note of a call to a target, its first try there. */
  called(caller: Caller, selector: string): void {
    this.#of(caller, selector).calls += 1;
  }

  /** Whether one more repeat is allowed; counts it if so. */
  take(caller: Caller, selector: string): boolean {
    const counts = this.#of(caller, selector);
    // The window before counts by the part of it that is within the last ten seconds.
    const part = 1 - (this.#nowMs() - counts.startMs) / windowMs;
    const calls = counts.calls + part * counts.callsBefore;
    const repeats = counts.repeats + part * counts.repeatsBefore;
    if (repeats + 1 > calls * repeatsPart + repeatsFloor) return false;
    counts.repeats += 1;
    return true;
  }

  #of(caller: Caller, selector: string): Counts {
    const nowMs = this.#nowMs();
    if (this.#last?.caller === caller && this.#last.selector === selector) return inWindow(this.#last.counts, nowMs);
    const name = nameOf(caller, selector);
    const known = this.#counts.get(name);
    const counts = known ?? { startMs: nowMs, calls: 0, repeats: 0, callsBefore: 0, repeatsBefore: 0 };
    if (known === undefined) this.#counts.set(name, counts);
    this.#last = { caller, selector, counts };
    return inWindow(counts, nowMs);
  }
}

/** The counts, moved on to the window of now. */
function inWindow(counts: Counts, nowMs: number): Counts {
  const windows = Math.floor((nowMs - counts.startMs) / windowMs);
  if (windows === 0) return counts;
  counts.callsBefore = windows === 1 ? counts.calls : 0;
  counts.repeatsBefore = windows === 1 ? counts.repeats : 0;
  counts.calls = 0;
  counts.repeats = 0;
  counts.startMs += windows * windowMs;
  return counts;
}

function nameOf({ tenantId, keyId }: Caller, selector: string): string {
  return tenantId === "" ? `key\n${keyId}\n${selector}` : `tenant\n${tenantId}\n${selector}`;
}
