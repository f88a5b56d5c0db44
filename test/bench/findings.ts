import type { Measured } from "./costs.ts";
import type { IdleStreams } from "./idle-streams.ts";
import type { Latency } from "./latency.ts";
import type { Rest } from "./rest.ts";
import type { Scaling } from "./scaling.ts";

/** What one run found. Sections that were not asked for are empty. */
export interface Findings {
  readonly machine: Machine;
  readonly rounds: number;
  readonly measured: readonly Measured[];
  readonly rest: Rest | undefined;
  readonly latencies: readonly Latency[];
  readonly idle: readonly IdleStreams[];
  readonly scaling: Scaling | undefined;
}

/** Where, and with what. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly platform: string;
  /** The process that is measured has a core of its own. */
  readonly pinned: boolean;
  readonly upstream: "C" | "TypeScript";
  readonly h2load: boolean;
}
