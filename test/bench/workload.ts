import { answerEvents } from "./answers.ts";

/** What is measured. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly shape: Shape;
  readonly door: Door;
  readonly goals?: Goals;
}

/** What must be reached, and what is aimed at. */
export interface Goals {
  readonly must: number;
  readonly aim: number;
}

/** Whole answers; streams that come at once; streams with one event per millisecond; streams that stop after one piece. */
export type Shape = "unary" | "burst" | "paced" | "silent";

/** How a process is called: gRPC, the API of OpenAI or Connect with JSON, both over HTTP/1.1. */
export type Door = "grpc" | "http" | "connect";

/**
 * Goals are for the gateway's cost divided by that of the raw proxy, with the whole chain on: authentication, limits,
 * metrics, access log, validation, usage and cost. Whole answers come first: what is kept of streams stays in memory for a
 * while, and the collector looks at it.
 */
export const workloads: readonly Workload[] = [
  of("unary", "grpc", "unary", "gRPC unary, per call", { must: 2, aim: 1.5 }),
  of("http-unary", "http", "unary", "OpenAI-compatible unary, per call", { must: 3, aim: 2 }),
  of("connect-unary", "connect", "unary", "Connect JSON unary, per call"),
  of("burst", "grpc", "burst", "gRPC stream in a burst, per chunk", { must: 2, aim: 1.2 }),
  of("http-burst", "http", "burst", "OpenAI-compatible stream in a burst, per chunk", { must: 3, aim: 2 }),
  of("paced", "grpc", "paced", "gRPC stream of one chunk per ms, per chunk", { must: 1.2, aim: 0.8 }),
  of("http-paced", "http", "paced", "OpenAI-compatible stream of one chunk per ms, per chunk", { must: 3, aim: 2 }),
];

function of(name: string, door: Door, shape: Shape, title: string, goals?: Goals): Workload {
  return { name, door, shape, title, ...(goals && { goals }) };
}

/** What the cost of a call is divided by: its events. */
export function unitsPerCall({ shape }: Workload): number {
  return shape === "unary" ? 1 : answerEvents.length;
}

/** Calls under way at once, for every workload. */
export const concurrency = 32;
