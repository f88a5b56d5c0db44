import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import type { Span } from "../model/trace.ts";
import { codeName } from "../telemetry/code-name.ts";

/** Tells of a call who makes it, and what it waits for. */
export function beginOf(
  span: Span,
  { requestId, caller, startMs }: Rpc,
  entrant: { readonly admitted: Promise<void> } | undefined,
): void {
  span.set({
    "llmhub.request.id": requestId,
    "llmhub.key.id": caller.keyId || undefined,
    "llmhub.tenant.id": caller.tenantId || undefined,
  });
  if (entrant === undefined) return;
  const queued = span.child("queue", "internal", {}, startMs);
  entrant.admitted.then(
    () => queued.end(),
    (error: GatewayError) => queued.end(error),
  );
}

/** Tells of a call how it ended, as its caller hears it. The status of HTTP is told by whoever writes it. */
export function endOf(
  span: Span,
  { method, requestId }: Pick<Rpc, "method" | "requestId">,
  error: GatewayError | undefined,
): void {
  const isHttp = method.includes(" ");
  span.set({ "llmhub.request.id": requestId, "rpc.response.status_code": isHttp ? undefined : codeName(error?.code) });
  span.end(error);
}
