import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { failing, well } from "./scripted-providers.ts";
import { TracingStage } from "./tracing-stage.ts";

/** A caller that is instrumented with OpenTelemetry of its own, and sends to the same receiver. */
function instrumented(endpoint: string): TracerProvider {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  return new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "caller" }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
}

test("from a caller through the gateway to the providers it is one trace, and nothing of it is missing", async () => {
  const policies = { p: { targets: [{ model: "a/m" }, { model: "b/m" }] } };
  await using at = await TracingStage.start(
    { a: failing(503), b: well },
    { provider: { traceContext: true }, models: { policies } },
  );
  const provider = instrumented(at.receiver.url);
  const span = provider.getTracer("test").startSpan("ask", { kind: SpanKind.CLIENT }, ROOT_CONTEXT);
  const headers: Record<string, string> = {};
  new W3CTraceContextPropagator().inject(trace.setSpan(ROOT_CONTEXT, span), headers, {
    set: (carrier, name, value) => Object.assign(carrier, { [name]: value }),
  });
  await at.gateway.complete({ model: "policies/p", input: "Say hello" }, { headers });
  span.end();
  await provider.shutdown();
  const spans = await at.spans();

  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([span.spanContext().traceId]));
  const nameOf = new Map(spans.map((each) => [each.spanId, each.name]));
  const tree = spans.map(({ name, parentSpanId, resource, attributes }) => [
    resource["service.name"],
    name,
    attributes["llmhub.provider"],
    nameOf.get(parentSpanId),
  ]);
  const rpc = "llmhub.v1.CompletionService/Complete";
  expect(tree.toSorted()).toEqual(
    [
      ["caller", "ask", undefined, undefined],
      ["llmhub", rpc, undefined, "ask"],
      ["llmhub", "chat m", "a", rpc],
      ["llmhub", "chat m", "b", rpc],
    ].toSorted(),
  );
  // Each provider was told of the request that went to it.
  for (const id of ["a", "b"]) {
    const own = spans.find(({ attributes }) => attributes["llmhub.provider"] === id);
    expect(at.headersAt(id)[0]?.["traceparent"]).toBe(`00-${own?.traceId}-${own?.spanId}-01`);
  }
});

test("what the gateway uses of OpenTelemetry is its own: nothing global is set", async () => {
  await using at = await TracingStage.start({ a: well });
  await at.gateway.complete({ model: "a/m", input: "Say hello" });
  expect(trace.getTracer("x").startSpan("y").isRecording()).toBe(false);
  expect(context.active()).toBe(ROOT_CONTEXT);
  expect(propagation.fields()).toEqual([]);
});
