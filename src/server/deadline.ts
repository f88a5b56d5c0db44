import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../model/error.ts";

/** Longest time that a timer of Node can wait, and so the longest deadline: about 24.8 days. */
export const timeoutMsMax = 2 ** 31 - 1;

/** Milliseconds of each unit of grpc-timeout. */
const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** So much earlier than the caller's deadline the gateway gives up, so that its own error still arrives. */
const marginMs = 50;
/** The margin leaves at least this share of a short deadline. */
const shareMin = 0.8;

/** The headers that carry a deadline; they are read here and nowhere else. */
export const timeoutHeaders = ["grpc-timeout", "connect-timeout-ms", "x-llmhub-timeout-ms"] as const;

/**
 * What the caller gives us, in milliseconds; the shortest if several headers say so; undefined if none does. However
 * large the value is, the result is at most `timeoutMsMax`. Throws INVALID_REQUEST for what is no duration.
 */
export function callerTimeoutMs(headers: IncomingHttpHeaders): number | undefined {
  let shortestMs: number | undefined;
  for (const name of timeoutHeaders) {
    const value = headers[name];
    if (value === undefined) continue;
    const ms = typeof value === "string" ? parseTimeout(name, value) : undefined;
    if (ms === undefined) throw invalid(name);
    shortestMs = Math.min(ms, shortestMs ?? timeoutMsMax);
  }
  return shortestMs;
}

/**
 * How long the gateway works on a call: the caller's time or the operator's longest, whichever is shorter, less a margin
 * if it is the caller's. Throws DEADLINE_EXCEEDED when less than a millisecond is left.
 */
export function effectiveTimeoutMs(callerMs: number | undefined, longestMs: number): number {
  if (callerMs === undefined) return longestMs;
  if (callerMs < 1) throw deadlineExceeded(callerMs);
  const ms = Math.min(callerMs, longestMs);
  return Math.max(ms - marginMs, ms * shareMin);
}

/** The failure of a call that ran out of time. */
export function deadlineExceeded(timeoutMs: number): GatewayError {
  const ms = Math.round(timeoutMs);
  return new GatewayError("DEADLINE_EXCEEDED", `the deadline of ${ms} ms passed before the answer was complete`, {
    metadata: { deadlineMs: String(ms) },
  });
}

function parseTimeout(name: string, value: string): number | undefined {
  const match = (name === "grpc-timeout" ? /^(\d{1,32})([HMSmun])$/ : /^(\d{1,32})$/).exec(value);
  if (match === null) return undefined;
  const ms = Number(match[1]) * (unitsMs[match[2] ?? "m"] ?? 1);
  return Math.min(ms, timeoutMsMax);
}

function invalid(name: string): GatewayError {
  const form = name === "grpc-timeout" ? "digits and one of H M S m u n" : "a whole number of milliseconds";
  return new GatewayError("INVALID_REQUEST", `the header ${name} is not a duration - it takes ${form}`, {
    metadata: { header: name },
  });
}
