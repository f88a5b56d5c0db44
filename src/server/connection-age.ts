import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { certificateEndMs } from "./client-cert.ts";
import { askToLeave } from "./leave-notice.ts";

/** Longest time that a timer can wait. */
const timerMsMax = 2 ** 31 - 1;

/**
 * How long a connection may stay, from now on. Those that were made together are not to leave together, and none is to outlive
 * the certificate of its caller.
 * @param connectionAgeMs as in ListenerLimits.
 * @param asksCallers callers may have shown a certificate.
 */
export function ageMsMax(socket: Socket, connectionAgeMs: number | undefined, asksCallers: boolean): number {
  const ageMs = connectionAgeMs === undefined ? Number.POSITIVE_INFINITY : jittered(connectionAgeMs);
  const endMs = asksCallers ? certificateEndMs(socket) : undefined;
  return endMs === undefined ? ageMs : Math.min(ageMs, Math.max(0, endMs - Date.now()));
}

/** Asks a connection to leave at that age; calls in flight go on. */
export function leaveIn(session: ServerHttp2Session, socket: Socket, ageMs: number): void {
  if (ageMs === Number.POSITIVE_INFINITY) return;
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const waitMs = Math.min(leftMs, timerMsMax);
    const over = (): void => (leftMs > waitMs ? wait(leftMs - waitMs) : void askToLeave(session, socket));
    timer = setTimeout(over, waitMs).unref();
  };
  wait(ageMs);
  session.once("close", () => clearTimeout(timer));
}

/** A tenth earlier or later. */
function jittered(ms: number): number {
  return ms * (0.9 + 0.2 * Math.random());
}
