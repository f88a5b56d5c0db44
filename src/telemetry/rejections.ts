import { GatewayError } from "../model/error.ts";
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
}

/** Distinct methods in labels: callers can ask for any name. */
const methodsMax = 64;

/** Counts and logs an RPC that dies before the chain runs: no key, no such method, not a message, overload. */
export function rejections(logger: Logger, metrics: Metrics): (rejection: Rejection, error: unknown) => void {
  const methods = new BoundedWords(methodsMax);
  return (rejection, error) => {
    const { code, reason, cause } = GatewayError.of(error);
    metrics.rejections.cell(methods.of(rejection.method), reason).value += 1;
    const fields = { ...fieldsOf(rejection), code: codeName(code), reason };
    if (reason === "INTERNAL") logger.error({ ...fields, fault: faultOf(cause) }, "rejected");
    else logger.info(fields, "rejected");
  };
}

/** What the line of any call says. */
export function fieldsOf({ method, requestId, keyId, tenantId, durationMs }: Rejection): LogFields {
  const tookMs = Math.round(durationMs * 10) / 10;
  return { method: method.slice(0, 128), requestId, keyId, tenantId: tenantId || undefined, durationMs: tookMs };
}
