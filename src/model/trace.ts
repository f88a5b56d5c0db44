import { GatewayError } from "./error.ts";

/** Where a call stands in a trace that reaches beyond the gateway (W3C Trace Context). */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits: the piece of work that others are part of. */
  readonly spanId: string;
  /** Whoever began the trace wants it recorded. */
  readonly sampled: boolean;
  /** tracestate and baggage as they came; empty for none. */
  readonly state: string;
  readonly baggage: string;
}

/** What a span tells of one thing. Never content, never a secret. */
export type SpanValue = string | number | boolean | readonly string[] | undefined;

/** Values by name; undefined ones are not told. */
export type SpanValues = Readonly<Record<string, SpanValue>>;

/** Work that is told of in a trace, while it goes on. There is one only where it is recorded. Times as of performance.now(). */
export interface Span {
  readonly context: TraceContext;
  set(values: SpanValues): void;
  /** Adds to numbers that several parts of the work bring together. */
  add(values: Readonly<Record<string, number>>): void;
  event(name: string, values?: SpanValues, atMs?: number): void;
  /** Work of another call has part in this; nothing happens without its place. */
  link(context: TraceContext | undefined): void;
  /** Work that is part of this: of the gateway itself, or a request to somebody else. */
  child(name: string, kind: "internal" | "client", values?: SpanValues, startMs?: number): Span;
  /** The span does not end before one more `end`. */
  hold(): void;
  /** The work is over; the first error is told. Without a time: now. */
  end(error?: GatewayError, endMs?: number): void;
}

/** Does work that is told of as a part of a span, if there is one. */
export function spanned<T>(
  span: Span | undefined,
  name: string,
  work: (own: Span | undefined) => Promise<T>,
): Promise<T> {
  return span === undefined ? work(undefined) : told(span.child(name, "internal"), work);
}

async function told<T>(own: Span, work: (own: Span) => Promise<T>): Promise<T> {
  try {
    const result = await work(own);
    own.end();
    return result;
  } catch (error) {
    own.end(GatewayError.of(error));
    throw error;
  }
}
