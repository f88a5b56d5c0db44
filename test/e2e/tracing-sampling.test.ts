import { expect, test } from "vitest";
import { well } from "./scripted-providers.ts";
import { caller, TracingStage } from "./tracing-stage.ts";

const asked = { model: "a/m", input: "Say hello" };

/** Trace ids of so many calls with these headers that were recorded, each with both of its spans. */
async function recorded(tracing: object, headers: Readonly<Record<string, string>> = {}, calls = 1) {
  await using at = await TracingStage.start({ a: well }, { tracing });
  for (let i = 0; i < calls; i++) await at.gateway.complete(asked, { headers });
  const spans = await at.spans();
  const traces = Map.groupBy(spans, ({ spanId, parentSpanId, kind }) => (kind === "server" ? spanId : parentSpanId));
  expect([...traces.values()].filter((own) => own.length !== 2)).toEqual([]);
  return [...traces.values()].map(([span]) => span?.traceId);
}

test("of traces that begin here the ratio decides", async () => {
  expect(await recorded({ sampling: 0 })).toEqual([]);
  expect(await recorded({ sampling: 1 })).toHaveLength(1);
  const some = await recorded({ sampling: 0.5 }, {}, 40);
  // All or none of forty: once in 550 billion runs.
  expect(some.length).toBeGreaterThan(0);
  expect(some.length).toBeLessThan(40);
});

test("of the trace of a caller the caller decides", async () => {
  expect(await recorded({ sampling: 0 }, caller.headers("01"))).toEqual([caller.traceId]);
  expect(await recorded({ sampling: 1 }, caller.headers("00"))).toEqual([]);
});

test("unless the ratio is to hold for all", async () => {
  const followCaller = false;
  expect(await recorded({ sampling: 0, followCaller }, caller.headers("01"))).toEqual([]);
  expect(await recorded({ sampling: 1, followCaller }, caller.headers("00"))).toEqual([caller.traceId]);
});

test.each([
  ["nothing", ""],
  ["zeros", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`],
  ["capitals", `00-${caller.traceId.toUpperCase()}-${caller.spanId}-01`],
  ["two at once", `${caller.headers().traceparent}, ${caller.headers().traceparent}`],
  ["a version that there is not", `ff-${caller.traceId}-${caller.spanId}-01`],
])("a traceparent of %s begins a new trace", async (_what, traceparent) => {
  const [traceId] = await recorded({}, { traceparent });
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(traceId).not.toBe(caller.traceId);
});
