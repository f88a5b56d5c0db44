import { OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import { JsonTraceSerializer, TraceExporterMetricsHelper } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Span } from "../../model/trace.ts";
import { Outbox, type SpanCounts } from "./outbox.ts";
import { beginSpan, RecordedSpan } from "./recorded-span.ts";
import { arrivalValues, type Tracer } from "./tracer.ts";

/** Where spans go, and which. */
export interface TracerSettings {
  /** Whole address, path included. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of traces that begin here, or of all where the caller is not followed: 0 to 1. */
  readonly ratio: number;
  /** Record what the caller records. */
  readonly followsCaller: boolean;
  /** What is told of the process, such as service.name. */
  readonly resource: Readonly<Record<string, string>>;
  /** For one request to the receiver, repeats included. */
  readonly timeoutMs: number;
  readonly queueMax: number;
  readonly batchMax: number;
  readonly intervalMs: number;
  readonly closeMs: number;
  /** Of the ports of calls: "http", "https". */
  readonly scheme: string;
  readonly version: string;
}

const limits = { attributeValueLengthLimit: 512, attributeCountLimit: 64, eventCountLimit: 32, linkCountLimit: 8 };

/** OpenTelemetry, set up by hand: nothing global, and no context but the one that calls carry with them. */
export function openTracer(settings: TracerSettings, counts: SpanCounts): Tracer {
  const { ratio, followsCaller, queueMax, batchMax, intervalMs, closeMs } = settings;
  const outbox = new Outbox({ exporter: exporterTo(settings), queueMax, batchMax, intervalMs, closeMs, counts });
  const root = new TraceIdRatioBasedSampler(ratio);
  const provider = new TracerProvider({
    resource: resourceFromAttributes(settings.resource),
    sampler: followsCaller ? new ParentBasedSampler({ root }) : root,
    spanLimits: limits,
    spanProcessors: [outbox],
  });
  const tracer = provider.getTracer("llmhub", settings.version);
  return {
    begin: (arrival, parent): Span | undefined => {
      if (followsCaller && parent?.sampled === false) return undefined;
      const { method: name, startMs } = arrival;
      const span = beginSpan(tracer, { name, kind: "server", startMs, parent });
      if (span === undefined) return undefined;
      const recorded = new RecordedSpan(tracer, span, parent);
      recorded.set(arrivalValues(arrival, settings.scheme));
      return recorded;
    },
    close: () => provider.shutdown(),
  };
}

/** Put together from its parts: OTLPTraceExporter would send headers of the process's environment to any endpoint. */
function exporterTo({ endpoint, headers, timeoutMs }: TracerSettings) {
  const sent = { ...headers, "content-type": "application/json" };
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(
      {
        url: endpoint,
        headers: async () => sent,
        timeoutMillis: timeoutMs,
        concurrencyLimit: 1,
        compression: "none",
        agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
      },
      JsonTraceSerializer,
      "otlp_http_span_exporter",
      TraceExporterMetricsHelper,
      undefined,
    ),
  );
}
