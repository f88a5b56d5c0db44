import type { Timeouts } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";

/** Which limit passed: cause and metric label. */
type LimitCause = "first_output" | "idle" | "total";

/** Hears that a limit has passed: the cause is "first_output", "idle" or "total". */
export interface Limited {
  expired(error: GatewayError): void;
}

/**
 * The time limits of one attempt behind a single timer, which is moved only when it fires: progress costs one clock
 * reading. Nothing but content counts as progress, so keep-alives do not keep a dead answer alive.
 */
export class TimeLimit {
  readonly #limits: Timeouts;
  readonly #limited: Limited;
  readonly #startMs: number;
  #progressMs: number;
  #started = false;
  #paused = false;
  #dueMs: number;
  #timer: NodeJS.Timeout;
  #overdue: NodeJS.Immediate | undefined;

  constructor(limits: Timeouts, limited: Limited) {
    this.#limits = limits;
    this.#limited = limited;
    this.#startMs = performance.now();
    this.#progressMs = this.#startMs;
    this.#dueMs = this.#startMs + Math.min(limits.firstOutputMs, limits.totalMs);
    this.#timer = setTimeout(fire, this.#dueMs - this.#startMs, this);
  }

  /** Content came at `nowMs`. */
  progress(nowMs: number): void {
    this.#progressMs = nowMs;
    if (this.#started) return;
    this.#started = true;
    if (nowMs + this.#limits.idleMs < this.#dueMs) this.#arm();
  }

  /** While the caller does not read, the provider's silence is not its fault: only the total runs. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) return;
    this.#progressMs = performance.now();
    // The timer may have fired meanwhile, and stand at the total now.
    if (this.#next()[0] < this.#dueMs) this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#overdue);
  }

  /** The timer has fired: wait for what is left, or read what has come before a provider is blamed for a busy process. */
  fire(): void {
    if (this.#isDue()) this.#overdue = setImmediate(expire, this);
    else this.#arm();
  }

  /** All that had come is read. */
  expire(): void {
    const [, cause, limitMs] = this.#next();
    if (this.#isDue()) this.#limited.expired(timeoutOf(cause, limitMs));
    else this.#arm();
  }

  /** Timers may fire up to 1 ms early. */
  #isDue(): boolean {
    return performance.now() >= this.#next()[0] - 1;
  }

  #next(): [dueMs: number, cause: LimitCause, limitMs: number] {
    const { firstOutputMs, idleMs, totalMs } = this.#limits;
    const total = this.#startMs + totalMs;
    if (this.#paused) return [total, "total", totalMs];
    const silenceMs = this.#started ? idleMs : firstOutputMs;
    const silence = this.#progressMs + silenceMs;
    return silence < total ? [silence, this.#started ? "idle" : "first_output", silenceMs] : [total, "total", totalMs];
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#dueMs = this.#next()[0];
    this.#timer = setTimeout(fire, Math.max(1, this.#dueMs - performance.now()), this);
  }
}

function fire(limit: TimeLimit): void {
  limit.fire();
}

function expire(limit: TimeLimit): void {
  limit.expire();
}

function timeoutOf(cause: LimitCause, limitMs: number): GatewayError {
  const what = { first_output: "no output from the provider", idle: "the provider fell silent", total: "no end" }[
    cause
  ];
  return new GatewayError("PROVIDER_TIMEOUT", `${what} within ${limitMs} ms`, {
    metadata: { cause, timeoutMs: String(limitMs) },
  });
}
