import type { Span as SdkSpan, Tracer as SdkTracer } from "@opentelemetry/api";
import { type Attributes, createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { GatewayError } from "../../model/error.ts";
import type { Span, SpanValues, TraceContext } from "../../model/trace.ts";

const kinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER };

/** How a span begins. */
export interface Beginning {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  readonly startMs: number;
  readonly parent: TraceContext | undefined;
}

/** A span of the SDK. Undefined: it is not to be recorded. */
export function beginSpan(tracer: SdkTracer, { name, kind, startMs, parent }: Beginning): SdkSpan | undefined {
  const around = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, sdkContextOf(parent));
  const span = tracer.startSpan(name, { kind: kinds[kind], startTime: startMs }, around);
  return span.isRecording() ? span : undefined;
}

/** A span that is recorded, on the SDK's. */
export class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #tracer: SdkTracer;
  readonly #span: SdkSpan;
  readonly #sums = new Map<string, number>();
  #holders = 1;
  #failed = false;

  /** @param parent what it is part of, whose tracestate and baggage go on. */
  constructor(tracer: SdkTracer, span: SdkSpan, parent: TraceContext | undefined) {
    const { traceId, spanId } = span.spanContext();
    this.#tracer = tracer;
    this.#span = span;
    this.context = { traceId, spanId, sampled: true, state: parent?.state ?? "", baggage: parent?.baggage ?? "" };
  }

  set(values: SpanValues): void {
    this.#span.setAttributes(attributesOf(values));
  }

  add(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      const sum = (this.#sums.get(name) ?? 0) + value;
      this.#sums.set(name, sum);
      this.#span.setAttribute(name, sum);
    }
  }

  event(name: string, values: SpanValues = {}, atMs = performance.now()): void {
    this.#span.addEvent(name, attributesOf(values), atMs);
  }

  link(context: TraceContext | undefined): void {
    if (context !== undefined) this.#span.addLink({ context: sdkContextOf(context) });
  }

  child(name: string, kind: "internal" | "client", values?: SpanValues, startMs = performance.now()): Span {
    const span = beginSpan(this.#tracer, { name, kind, startMs, parent: this.context });
    // The sampler goes by the parent, which is recorded.
    if (span === undefined) return this;
    const child = new RecordedSpan(this.#tracer, span, this.context);
    if (values !== undefined) child.set(values);
    return child;
  }

  hold(): void {
    this.#holders += 1;
  }

  end(error?: GatewayError, endMs = performance.now()): void {
    if (error !== undefined && !this.#failed) {
      this.#failed = true;
      this.set({ "error.type": error.reason, "llmhub.error.cause": error.info["cause"] });
      // Who leaves has not failed. Without a message: it may quote what a provider says.
      if (error.reason !== "CANCELLED") this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#holders -= 1;
    if (this.#holders === 0) this.#span.end(endMs);
  }
}

function sdkContextOf({ traceId, spanId, sampled, state }: TraceContext) {
  return {
    traceId,
    spanId,
    traceFlags: sampled ? 1 : 0,
    isRemote: true,
    ...(state !== "" && { traceState: createTraceState(state) }),
  };
}

function attributesOf(values: SpanValues): Attributes {
  const attributes: Attributes = {};
  for (const name in values) {
    const value = values[name];
    if (value !== undefined) attributes[name] = typeof value === "object" ? [...value] : value;
  }
  return attributes;
}
