import { GatewayError } from "../model/error.ts";
import type { TraceContext } from "../model/trace.ts";
import { BoundedWords } from "./bounded-words.ts";
import { codeName } from "./code-name.ts";
import { faultOf, type LogFields, type Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** An RPC that ended before it became a Call. */
export interface Rejection {
  readonly method: string;
  readonly requestId: string;
  /** Empty when the caller is not known. */
  readonly keyId: string;
  /** Empty when the caller has none, or is not known. */
  readonly tenantId: string;
  readonly durationMs: number;
  /** Absent: it stands in none, or that is not known. */
  readonly trace?: TraceContext | undefined;
}

/** Distinct methods in labels: callers can ask for any name. */
const methodsMax = 64;

/** Lines a second about calls that are too many: each costs more than the refusal itself. */
const overloadLinesMax = 10;

/**
 * Counts and logs an RPC that dies before the chain runs: no key, no such method, not a message, overload. Of overload not
 * every line is written: `count` says for how many calls one stands.
 */
export function rejections(
  logger: Logger,
  metrics: Metrics,
  nowMs: () => number = () => performance.now(),
): (rejection: Rejection, error: unknown) => void {
  const methods = new BoundedWords(methodsMax);
  const shed = new ThinnedLines(overloadLinesMax);
  return (rejection, error) => {
    const { code, reason, cause } = GatewayError.of(error);
    metrics.rejections.cell(methods.of(rejection.method), reason).value += 1;
    const count = reason === "GATEWAY_OVERLOADED" ? shed.standsFor(nowMs()) : undefined;
    if (count === 0) return;
    const fields = { ...fieldsOf(rejection), code: codeName(code), reason, ...(count !== undefined && { count }) };
    if (reason === "INTERNAL") logger.error({ ...fields, fault: faultOf(cause) }, "rejected");
    else logger.info(fields, "rejected");
  };
}

/** So many lines a second, whatever there is to tell. */
class ThinnedLines {
  readonly #linesMax: number;
  #sinceMs = 0;
  #lines = 0;
  #untold = 0;

  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  /** How many things the line stands for that is to be written now; 0: none is. */
  standsFor(nowMs: number): number {
    this.#untold += 1;
    if (nowMs - this.#sinceMs >= 1000) {
      this.#sinceMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= this.#linesMax) return 0;
    this.#lines += 1;
    const count = this.#untold;
    this.#untold = 0;
    return count;
  }
}

/** What the line of any call says. */
export function fieldsOf({ method, requestId, keyId, tenantId, durationMs, trace }: Rejection): LogFields {
  return {
    method: method.slice(0, 128),
    requestId,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
    keyId,
    tenantId: tenantId || undefined,
    durationMs: Math.round(durationMs * 10) / 10,
  };
}
