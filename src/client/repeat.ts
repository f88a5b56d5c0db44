import { Code, ConnectError } from "@connectrpc/connect";
import type { RepeatRules } from "./call-options.ts";
import { HubError } from "./hub-error.ts";

/** Codes under which transports tell that a connection broke. */
const breakCodes: ReadonlySet<Code> = new Set([
  Code.Canceled,
  Code.Unknown,
  Code.Aborted,
  Code.Internal,
  Code.Unavailable,
]);

/** Error codes of the system that come before anything is sent. */
const unsentCodes: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/** Whether no gateway said anything: the connection broke, or there never was one. */
export function isBreak({ reason, code }: HubError): boolean {
  return reason === "" && breakCodes.has(code);
}

/** Whether the call certainly never reached a gateway. */
function isUnsent({ message, cause }: HubError): boolean {
  if (/\bREFUSED_STREAM\b/.test(message)) return true;
  for (let error = cause; error instanceof Error; error = error.cause) {
    if ("code" in error && unsentCodes.has(error.code)) return true;
  }
  return false;
}

/**
 * Whether a failed call may be made again: where the gateway says that it may help, or did not answer at all, and nothing is
 * paid twice. Once a provider was called, the gateway has made the repeats that are worth it.
 * @param isRepeatable one call more does no harm: it has an idempotency key, or reads only.
 */
export function mayRepeat(error: HubError, isRepeatable: boolean): boolean {
  if (isBreak(error)) return isRepeatable || isUnsent(error);
  const isWanted = error.retryAfterMs !== undefined && !isPushedBack(error);
  return isWanted && (isRepeatable || error.failure === undefined);
}

/** A gateway, or a proxy in front of it, says by gRPC's own word that no repeat is wanted. */
function isPushedBack({ cause }: HubError): boolean {
  return cause instanceof ConnectError && Number(cause.metadata.get("grpc-retry-pushback-ms") ?? 0) < 0;
}

/** Counts tries, and waits between them. */
export class Repeats {
  readonly #rules: { readonly attemptsMax: number; readonly delayMs: number; readonly delayMsMax: number };
  readonly #deadline: Deadline;
  #failed = 0;

  /** @param rules false: one try is all. */
  constructor(rules: RepeatRules | false, attemptsMax: number, deadline: Deadline) {
    const given = rules === false ? { attemptsMax: 1 } : rules;
    this.#rules = {
      attemptsMax: given.attemptsMax ?? attemptsMax,
      delayMs: given.delayMs ?? 100,
      delayMsMax: given.delayMsMax ?? 30_000,
    };
    this.#deadline = deadline;
  }

  /** Something came of a try: what failed before does not count. */
  succeeded(): void {
    this.#failed = 0;
  }

  /** Resolves when it is time for the next try; rejects with the failure if there is to be none. */
  async after(failure: HubError): Promise<void> {
    const { attemptsMax, delayMs, delayMsMax } = this.#rules;
    const backoffMs = delayMs * 2 ** this.#failed * (1 - Math.random() / 2);
    const waitMs = Math.max(failure.retryAfterMs ?? 0, backoffMs);
    this.#failed += 1;
    const isLate = waitMs > delayMsMax || waitMs >= (this.#deadline.leftMs() ?? Number.POSITIVE_INFINITY);
    if (this.#failed >= attemptsMax || isLate) throw failure;
    await this.#deadline.pause(waitMs);
  }
}

/** The longest time that timers take: nearly 25 days. */
const timerMsMax = 2 ** 31 - 1;

/** When a call has to be over, and what ends it before: the caller's signal, and the end of the client. */
export class Deadline {
  readonly signal: AbortSignal | undefined;
  readonly #closed: AbortSignal;
  readonly #endMs: number | undefined;

  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined, closed: AbortSignal) {
    this.#endMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    this.signal = signal;
    this.#closed = closed;
  }

  /** Throws INVALID_ARGUMENT for what is no time, and FAILED_PRECONDITION once the client is closed. */
  check(): void {
    if (this.#closed.aborted) throw new HubError(Code.FailedPrecondition, "the client is closed");
    if (Number.isNaN(this.#endMs)) throw new HubError(Code.InvalidArgument, "timeoutMs is not a number");
  }

  /** Undefined: no end. */
  leftMs(): number | undefined {
    if (this.#endMs === undefined) return undefined;
    return Math.min(timerMsMax, Math.max(1, Math.ceil(this.#endMs - performance.now())));
  }

  /** Rejects as soon as one of the signals aborts. */
  pause(ms: number): Promise<void> {
    const ends = this.signal === undefined ? [this.#closed] : [this.signal, this.#closed];
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        for (const end of ends) end.removeEventListener("abort", settle);
        const failure = this.#ending();
        if (failure === undefined) resolve();
        else reject(failure);
      };
      const timer = setTimeout(settle, ms);
      for (const end of ends) end.addEventListener("abort", settle);
      if (ends.some(({ aborted }) => aborted)) settle();
    });
  }

  /** What a call threw, as its caller gets it. */
  failureOf(error: unknown): HubError {
    if (error instanceof HubError && error.reason !== "") return error;
    const failure = HubError.from(error);
    return this.signal?.aborted || isBreak(failure) ? (this.#ending() ?? failure) : failure;
  }

  /** Why nothing more is to come. Undefined: it may. */
  #ending(): HubError | undefined {
    if (this.signal?.aborted) return HubError.cancelled(this.signal.reason);
    if (!this.#closed.aborted) return undefined;
    return new HubError(Code.Canceled, "the client was closed before the call could end", { reason: "CANCELLED" });
  }
}
