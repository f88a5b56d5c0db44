import type { TraceContext } from "../model/trace.ts";

/** A call that a number counts, by which its trace is found. */
export interface Exemplar {
  readonly labelSet: { readonly trace_id: string; readonly span_id: string };
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** One of now. */
export function exemplarOf({ traceId, spanId }: TraceContext, value: number): Exemplar {
  return { labelSet: { trace_id: traceId, span_id: spanId }, value, timestamp: Date.now() / 1000 };
}
