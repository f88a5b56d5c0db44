import type { IncomingHttpHeaders } from "node:http";
import type { TraceContext } from "../../model/trace.ts";

/** Version, trace, span and flags; a later version may have more behind them. */
const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const versionLength = 55;
/** What is passed by of tracestate and baggage at most, in characters: no more than others are bound to pass by (W3C). */
const stateMax = 512;
const baggageMax = 8192;
const stateMembersMax = 32;
const stateMember = /^[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const visible = /^[\t\x20-\x7e]*$/;

/** Where a caller's call stands. Undefined where it does not say, or not in the form of W3C Trace Context, which is no error. */
export function traceContextOf(headers: IncomingHttpHeaders): TraceContext | undefined {
  const value = headers["traceparent"];
  if (typeof value !== "string") return undefined;
  const [, version, traceId = "", spanId = "", flags = ""] = traceparent.exec(value.trim()) ?? [];
  if (version === undefined || version === "ff" || isZero(traceId) || isZero(spanId)) return undefined;
  if (version === "00" && value.trim().length !== versionLength) return undefined;
  const sampled = (Number.parseInt(flags, 16) & 1) === 1;
  return { traceId, spanId, sampled, state: stateOf(headers["tracestate"]), baggage: baggageOf(headers["baggage"]) };
}

/** The headers that tell somebody else where its work stands. */
export function traceHeadersOf({ traceId, spanId, sampled, state, baggage }: TraceContext): Record<string, string> {
  return {
    traceparent: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`,
    ...(state !== "" && { tracestate: state }),
    ...(baggage !== "" && { baggage }),
  };
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}

/** All of it or, where a part is malformed or there is too much, nothing: the trace goes on without. */
function stateOf(value: string | string[] | undefined): string {
  const members = String(value ?? "")
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  const isFit = members.length <= stateMembersMax && members.every((member) => stateMember.test(member));
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))));
  const state = members.join(",");
  return isFit && keys.size === members.length && state.length <= stateMax ? state : "";
}

function baggageOf(value: string | string[] | undefined): string {
  const baggage = String(value ?? "").trim();
  return baggage.length <= baggageMax && visible.test(baggage) ? baggage : "";
}
