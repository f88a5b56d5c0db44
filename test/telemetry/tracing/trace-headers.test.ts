import { parseTraceParent, TraceState } from "@opentelemetry/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { traceContextOf, traceHeadersOf } from "../../../src/telemetry/tracing/trace-headers.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const context = fc.record({
  traceId: hex(32).filter((id) => !/^0+$/.test(id)),
  spanId: hex(16).filter((id) => !/^0+$/.test(id)),
  sampled: fc.boolean(),
  state: fc.constantFrom("", "congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
  baggage: fc.constantFrom("", "user=ada,level=3"),
});
/** Headers that are right, nearly right and wrong. */
const header = fc.oneof(
  fc.string(),
  fc.tuple(hex(2), fc.oneof(hex(32), hex(31)), fc.oneof(hex(16), hex(17)), hex(2)).map((parts) => parts.join("-")),
  fc.tuple(hex(2), hex(32), hex(16), hex(2), fc.string()).map((parts) => parts.join("-")),
  fc.constantFrom(
    `00-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `cc-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
  ),
);

test("what is told to others is what they read", () => {
  fc.assert(
    fc.property(context, (own) => {
      expect(traceContextOf(traceHeadersOf(own))).toEqual(own);
    }),
  );
});

test("a traceparent is taken or refused as OpenTelemetry does it", () => {
  fc.assert(
    fc.property(header, (traceparent) => {
      const theirs = parseTraceParent(traceparent);
      const own = traceContextOf({ traceparent });
      if (theirs === null) expect(own).toBeUndefined();
      else {
        const { traceId, spanId, traceFlags } = theirs;
        expect(own).toMatchObject({ traceId, spanId, sampled: (traceFlags & 1) === 1 });
      }
    }),
    { numRuns: 1000 },
  );
});

test("a tracestate passes only if it is well formed, and spoils nothing else", () => {
  const member = fc.oneof(fc.constantFrom("a=1", "b@c=2", "=", "A=1", "a=", "a=1=2", "x=\u00e9"), fc.string());
  const traceparent = `00-${traceId}-${spanId}-01`;
  fc.assert(
    fc.property(fc.array(member, { maxLength: 40 }), (members) => {
      const { state, traceId: own } = traceContextOf({ traceparent, tracestate: members.join(",") }) ?? {};
      expect(own).toBe(traceId);
      // OpenTelemetry leaves out malformed members one by one; here they are all left out.
      if (state) expect(new TraceState(state).serialize()).toBe(state);
    }),
  );
  expect(traceContextOf({ traceparent, tracestate: "a=1,a=2" })?.state).toBe("");
  expect(traceContextOf({ traceparent, tracestate: `a=${"x".repeat(510)}` })?.state).toBe("");
});

test("baggage beyond its bound, and header injection, are left out", () => {
  const traceparent = `00-${traceId}-${spanId}-00`;
  expect(traceContextOf({ traceparent, baggage: "a".repeat(8193) })?.baggage).toBe("");
  expect(traceContextOf({ traceparent, baggage: "a=1\r\nx: y" })?.baggage).toBe("");
});
