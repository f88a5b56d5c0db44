import type { Asked, Attempt } from "../model/call.ts";
import type { Span } from "../model/trace.ts";
import { traceHeadersOf } from "../telemetry/tracing/trace-headers.ts";
import type { Carrier } from "./carrier.ts";

type Headers = Readonly<Record<string, string>> | undefined;

/** The headers of a request, with where it stands in its trace if the provider is told: its own span, or else its caller's. */
export function traced(carrier: Carrier, { span, call, tellsTrace }: Attempt<Asked>, headers: Headers): Headers {
  if (span !== undefined) carrier.tell?.(span);
  const context = tellsTrace === true ? (span?.context ?? call.rpc.trace) : undefined;
  return context === undefined ? headers : { ...headers, ...traceHeadersOf(context) };
}

/** Tells whom a request goes to. */
export function tellServer(span: Pick<Span, "set">, { hostname, port, protocol }: URL): void {
  const portDefault = protocol === "https:" ? 443 : 80;
  span.set({
    // An IPv6 address without its brackets.
    "server.address": hostname.replace(/^\[(.*)\]$/, "$1"),
    "server.port": port === "" ? portDefault : Number(port),
  });
}
