import { isUtf8 } from "node:buffer";
import { GatewayError } from "../../model/error.ts";
import type { AnyRequest } from "../request-handler.ts";

/** Bounds on a body. */
export interface BodyLimits {
  readonly requestBytesMax: number;
  /** For all of it to arrive, from when it is read. Over HTTP/1.1 the listener sees to that. */
  readonly bodyTimeoutMs: number;
}

/**
 * The body of a request as text. Rejects with PAYLOAD_TOO_LARGE beyond its limit, also where only the header says so, with
 * INVALID_REQUEST for another type than JSON, a content coding, or bytes that are no UTF-8, with DEADLINE_EXCEEDED if it
 * does not arrive in time, and with the signal's reason if that comes first.
 */
export async function requestText(request: AnyRequest, limits: BodyLimits, signal: AbortSignal): Promise<string> {
  const bytesMax = limits.requestBytesMax;
  const { "content-type": type = "", "content-length": length, "content-encoding": coding } = request.headers;
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) {
    throw new GatewayError("INVALID_REQUEST", "the body has to be JSON - send content-type application/json");
  }
  if (coding !== undefined && coding !== "identity") {
    throw new GatewayError("INVALID_REQUEST", "compressed bodies are not read - send it without content-encoding");
  }
  if (length !== undefined && Number(length) > bytesMax) throw tooLarge(bytesMax);
  const bytes = await collect(request, limits, signal);
  if (!isUtf8(bytes)) throw new GatewayError("INVALID_REQUEST", "the body is not UTF-8 - JSON has no other encoding");
  const text = bytes.toString();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function collect(request: AnyRequest, limits: BodyLimits, signal: AbortSignal): Promise<Buffer> {
  const { requestBytesMax: bytesMax, bodyTimeoutMs } = limits;
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const settled = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      request.off("data", took).off("end", ended).off("error", failed);
    };
    const failed = (error: unknown): void => {
      settled();
      reject(error);
    };
    const aborted = (): void => failed(signal.reason);
    const took = (piece: Buffer): void => {
      size += piece.length;
      pieces.push(piece);
      if (size > bytesMax) failed(tooLarge(bytesMax));
    };
    const ended = (): void => {
      settled();
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, size));
    };
    const timer =
      request.httpVersionMajor > 1 ? setTimeout(() => failed(tooSlow(bodyTimeoutMs)), bodyTimeoutMs) : undefined;
    if (signal.aborted) return aborted();
    signal.addEventListener("abort", aborted, { once: true });
    request.on("data", took).once("end", ended).once("error", failed);
  });
}

function tooLarge(bytesMax: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `the body is larger than the limit of ${bytesMax} bytes`, {
    metadata: { limitBytes: String(bytesMax) },
  });
}

function tooSlow(ms: number): GatewayError {
  return new GatewayError("DEADLINE_EXCEEDED", `the request did not arrive within ${ms} ms`, {
    metadata: { deadlineMs: String(ms) },
  });
}
