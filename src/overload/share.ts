import type { Caller, Rpc } from "../model/call.ts";

/** Part of a call's time that it may spend waiting for room, everywhere together. */
const waitPart = 0.1;

/** Whose share of the room a call takes. */
export function tenantOf({ tenantId, keyId }: Caller): string {
  return tenantId || keyId;
}

/** When a call is to wait no longer for room anywhere, on the clock of performance.now(). */
export function waitUntilMs({ startMs, deadlineMs }: Pick<Rpc, "startMs" | "deadlineMs">): number {
  return startMs + waitPart * (deadlineMs - startMs);
}
