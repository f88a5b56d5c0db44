import { randomUUID } from "node:crypto";
import type { Config } from "./config/schema.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { SpanCounts } from "./telemetry/tracing/outbox.ts";
import type { Tracer } from "./telemetry/tracing/tracer.ts";
import { version } from "./version.ts";

/** For the spans that are left at the end. */
const closeMs = 1000;
/** How often it is said that spans do not arrive. */
const complaintMs = 60_000;

/** What tracing tells of itself to. */
interface TracingParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Number of this worker. Undefined: there are no others. */
  readonly worker: number | undefined;
}

/** Records calls as the configuration says. Undefined: it is off, and nothing of it is loaded. */
export async function tracerFor({ tracing, server }: Config, parts: TracingParts): Promise<Tracer | undefined> {
  if (tracing === undefined) return undefined;
  const { openTracer } = await import("./telemetry/tracing/open-tracer.ts");
  const { headers, resource, ...settings } = tracing;
  return openTracer(
    {
      ...settings,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
      resource: {
        "service.version": version(),
        "service.instance.id": randomUUID(),
        ...resource,
        ...(parts.worker !== undefined && ofWorker(resource["service.instance.id"], parts.worker)),
      },
      closeMs,
      scheme: server.tls === undefined ? "http" : "https",
      version: version(),
    },
    countsOf(parts),
  );
}

/** Workers are instances of their own, also where the operator names the instance. */
function ofWorker(instance: string | undefined, worker: number): Record<string, string> {
  return {
    ...(instance !== undefined && { "service.instance.id": `${instance}-${worker}` }),
    "llmhub.worker": String(worker),
  };
}

function countsOf({ logger, metrics }: TracingParts): SpanCounts {
  const cells = { sent: metrics.spans.cell("sent"), dropped: metrics.spans.cell("dropped") };
  const failed = metrics.spans.cell("failed");
  let complainedMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return {
    sent: (spans) => {
      cells.sent.value += spans;
    },
    dropped: () => {
      cells.dropped.value += 1;
    },
    failed: (spans, error) => {
      failed.value += spans;
      untold += spans;
      const nowMs = performance.now();
      if (nowMs - complainedMs < complaintMs) return;
      complainedMs = nowMs;
      logger.warn({ problem: problemOf(error), count: untold }, "spans could not be sent to tracing.endpoint");
      untold = 0;
    },
  };
}

/** Without the words of the receiver. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return "no answer";
  if ("code" in error && (typeof error.code === "number" || typeof error.code === "string")) {
    return typeof error.code === "number" ? `the answer is ${error.code}` : error.code;
  }
  return error.message.includes("timed out") ? "no answer in time" : error.constructor.name;
}
