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

  /** @param nowMs a clock that never goes back, as performance.now. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes note of a call to a target, its first try there. */
  called(caller: Caller, selector: string): void {
    this.#of(nameOf(caller, selector)).calls += 1;
  }

  /** Whether one more repeat is allowed; counts it if so. */
  take(caller: Caller, selector: string): boolean {
    const counts = this.#of(nameOf(caller, selector));
    // The window before counts by the part of it that is within the last ten seconds.
    const part = 1 - (this.#nowMs() - counts.startMs) / windowMs;
    const calls = counts.calls + part * counts.callsBefore;
    const repeats = counts.repeats + part * counts.repeatsBefore;
    if (repeats + 1 > calls * repeatsPart + repeatsFloor) return false;
    counts.repeats += 1;
    return true;
  }

  #of(key: string): Counts {
    const nowMs = this.#nowMs();
    const known = this.#counts.get(key);
    if (known === undefined) {
      const fresh: Counts = { startMs: nowMs, calls: 0, repeats: 0, callsBefore: 0, repeatsBefore: 0 };
      this.#counts.set(key, fresh);
      return fresh;
    }
    const windows = Math.floor((nowMs - known.startMs) / windowMs);
    if (windows === 0) return known;
    known.callsBefore = windows === 1 ? known.calls : 0;
    known.repeatsBefore = windows === 1 ? known.repeats : 0;
    known.calls = 0;
    known.repeats = 0;
    known.startMs += windows * windowMs;
    return known;
  }
}

function nameOf({ tenantId, keyId }: Caller, selector: string): string {
  return tenantId === "" ? `key\n${keyId}\n${selector}` : `tenant\n${tenantId}\n${selector}`;
}
