import { create } from "@bufbuild/protobuf";
import { CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome, type Attempt as AttemptRecord, AttemptSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { triedOf } from "../model/attempt-record.ts";
import type { Obstruction } from "../model/availability.ts";
import type { GatewayError } from "../model/error.ts";
import { chargesOf } from "../model/sum.ts";
import type { Target } from "../model/target.ts";

/** Records of attempts that an error carries: details travel in a trailer of 4 KiB. */
const recordsMax = 20;

/** What happened to one call so far: every target that failed, or was passed over. */
export class History {
  records: readonly AttemptRecord[] = [];
  /** The last failure of a provider; what keeps the gateway from asking one says less. */
  #failure: GatewayError | undefined;
  /** When each target that is paused may be asked again, by selector and credential. */
  #readyMs: Map<string, number> | undefined;
  readonly #nowMs: () => number;

  /** @param nowMs a clock that never goes back, in milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Attempts that reached out to a provider. */
  get tried(): number {
    return triedOf(this.records);
  }

  /** Takes note of how an attempt failed. Returns whether it reached out to the provider. */
  failed(target: Target, error: GatewayError): boolean {
    if (error.failure === undefined) {
      this.skipped(target, { reason: error.reason, cause: error.info["cause"] ?? "", waitMs: error.retryMs });
      return false;
    }
    if (error.reason === "PROVIDER_RATE_LIMITED") this.#paused(target, error.retryMs);
    this.records = error.failure.attempts;
    this.#failure = error;
    return true;
  }

  /** Takes note of a target that is not tried. */
  skipped(target: Target, { reason, cause, waitMs }: Obstruction): void {
    const { provider, selector } = target;
    this.#paused(target, waitMs);
    const number = this.records.length + 1;
    const outcome = AttemptOutcome.SKIPPED;
    this.records = [
      ...this.records,
      create(AttemptSchema, {
        number,
        provider: provider.id,
        model: selector,
        credential: provider.credential ?? "",
        outcome,
        errorReason: reason,
        errorCause: cause,
      }),
    ];
  }

  /** Takes note of an attempt that broke after output; `others` are those that ended before it. */
  broke(others: readonly AttemptRecord[], record: AttemptRecord): void {
    this.records = [...others, { ...record, number: others.length + 1 }];
  }

  /** The error to end the call with: it tells of every attempt, and of a provider's failure rather than of one skipped. */
  ending(id: string, last: GatewayError): GatewayError {
    const error = last.failure === undefined && isSkip(last) ? (this.#failure ?? last) : last;
    const known = error.failure?.attempts.length ?? 0;
    const waitMs = this.#waitMs(error);
    if (this.records.length === known && known <= recordsMax && waitMs === undefined) return error;
    return this.#telling(id, error, false, waitMs);
  }

  /** The error to end a stream with that had output, and then broke for good. */
  endingAfterOutput(id: string, error: GatewayError): GatewayError {
    return this.#telling(id, error, true, undefined);
  }

  /** A copy: the reason of a signal is shared by all who listen to it. */
  #telling(id: string, error: GatewayError, outputStarted: boolean, waitMs: number | undefined): GatewayError {
    const failure = { id, attempts: told(this.records), outputStarted, ...chargesOf(this.records) };
    return error.with({}, waitMs).withFailure(create(CompletionFailureSchema, failure));
  }

  /** A later word on the same target holds as long as it lasts longer: it may have been asked again meanwhile. */
  #paused({ selector, provider }: Target, forMs: number | undefined): void {
    if (forMs === undefined) return;
    const key = provider.credential === undefined ? selector : `${selector} ${provider.credential}`;
    this.#readyMs ??= new Map();
    this.#readyMs.set(key, Math.max(this.#readyMs.get(key) ?? 0, this.#nowMs() + forMs));
  }

  /** Who is told to wait for the last target waits for the first that is back. Undefined: as the error says. */
  #waitMs({ reason, retryMs }: GatewayError): number | undefined {
    const readyMs = Math.min(...(this.#readyMs?.values() ?? []));
    const waitMs = Math.max(0, Math.ceil(readyMs - this.#nowMs()));
    return reason === "PROVIDER_RATE_LIMITED" && retryMs !== undefined && waitMs < retryMs ? waitMs : undefined;
  }
}

/** The last records, but for those of targets passed over before others: what was tried is told first. */
function told(records: readonly AttemptRecord[]): AttemptRecord[] {
  let spare = records.length - recordsMax;
  return records.filter(({ outcome }) => outcome !== AttemptOutcome.SKIPPED || spare-- <= 0).slice(-recordsMax);
}

/** Not what ended the call, but why a target was passed over. */
function isSkip({ reason }: GatewayError): boolean {
  return (
    reason !== "INTERNAL" && reason !== "CANCELLED" && reason !== "DEADLINE_EXCEEDED" && reason !== "GATEWAY_DRAINING"
  );
}
