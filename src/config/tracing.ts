import type { Secret } from "../model/secret.ts";

/** Spans of calls, and where they are sent. */
export interface TracingConfig {
  /** Whole address of the receiver of OTLP over HTTP. */
  readonly endpoint: string;
  /** Sent with every request, by lower-case name. */
  readonly headers: Readonly<Record<string, Secret>>;
  /** Of traces that begin here: 0 to 1. */
  readonly ratio: number;
  /** Whether a call is recorded is its caller's to say, where it says. */
  readonly followsCaller: boolean;
  /** What is told of the gateway; service.name is among it. */
  readonly resource: Readonly<Record<string, string>>;
  /** For one request to the receiver, repeats included. */
  readonly timeoutMs: number;
  /** Spans that wait to be sent, in each worker. */
  readonly queueMax: number;
  /** Spans in one request. */
  readonly batchMax: number;
  /** Longest wait of a span. */
  readonly intervalMs: number;
}
