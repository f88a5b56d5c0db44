/** What is measured. */
export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  /** What a figure is divided by: events of one call. */
  readonly unitsPerCall: number;
  /** The gateway's cost divided by the raw proxy's: what must be reached, and what is aimed at. */
  readonly must: number;
  readonly aim: number;
}

/** Whole answers; streams that come at once; streams with one event per millisecond. */
export type WorkloadName = "unary" | "burst" | "paced";

/** What main asks the load generator for. */
export interface LoadOrder {
  readonly workload: WorkloadName;
  readonly target: "raw" | "gateway";
  readonly durationMs: number;
}

/** What the load generator did. */
export interface LoadResult {
  readonly calls: number;
  readonly durationMs: number;
  /** Why the run is worth nothing: the first answer that was not right. */
  readonly problem: string | undefined;
}

/** Where the load generator sends its calls. */
export interface LoadTargets {
  readonly rawUrl: string;
  readonly gatewayUrl: string;
  readonly apiKey: string;
}

/** Calls under way at once, for every workload. */
export const concurrency = 32;
