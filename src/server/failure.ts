import { Code, ConnectError } from "@connectrpc/connect";
import { callerLeft } from "../model/departure.ts";
import { GatewayError, type Reason } from "../model/error.ts";

/** What an error of the RPC framework means here. Codes that are missing are bugs of ours. */
const reasonsByCode: ReadonlyMap<Code, Reason> = new Map([
  [Code.InvalidArgument, "INVALID_REQUEST"],
  [Code.ResourceExhausted, "PAYLOAD_TOO_LARGE"],
  [Code.Unimplemented, "FEATURE_DISABLED"],
  [Code.Canceled, "CANCELLED"],
  [Code.DeadlineExceeded, "DEADLINE_EXCEEDED"],
  [Code.NotFound, "NOT_FOUND"],
]);

/**
 * Any error as the gateway's own, as a caller may see it.
 * @param limitBytes named where a message was too large.
 */
export function failureOf(error: unknown, requestId: string, limitBytes: number): GatewayError {
  if (error instanceof GatewayError) return error;
  if (isDeparture(error)) return callerLeft;
  const reason = error instanceof ConnectError ? reasonOf(error) : undefined;
  if (!(error instanceof ConnectError) || reason === undefined) {
    return GatewayError.of(error).with({ requestId });
  }
  return new GatewayError(reason, messageOf(error, reason, limitBytes), {
    cause: error,
    metadata: reason === "PAYLOAD_TOO_LARGE" ? { limitBytes: String(limitBytes) } : {},
  });
}

/** What the framework and Node say when a caller resets its stream, with whatever code, or loses its connection. */
function isDeparture(error: unknown): boolean {
  if (error instanceof ConnectError) return error.rawMessage.startsWith("http/2 stream closed with error code");
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

function reasonOf(error: ConnectError): Reason | undefined {
  const unreadable = /^(parse binary|decompression failed|protocol error)\b/.test(error.rawMessage);
  return unreadable ? "INVALID_REQUEST" : reasonsByCode.get(error.code);
}

/** The framework quotes what it could not read, which is content: only the place is kept. */
function messageOf(error: ConnectError, reason: Reason, limitBytes: number): string {
  if (reason === "PAYLOAD_TOO_LARGE") return `the message is larger than the limit of ${limitBytes} bytes`;
  if (reason !== "INVALID_REQUEST" || error.rawMessage.startsWith("protocol error")) return error.rawMessage;
  const place = /^cannot decode (?:message|field|enum) [\w.]+ from JSON/.exec(error.rawMessage)?.[0];
  return place ?? "the request message cannot be read - it is damaged or of another type";
}
