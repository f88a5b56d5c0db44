import type { Phase } from "./schedule.ts";
import type { Tally } from "./tally.ts";

/** Calls of one kind, by one caller. */
export interface Load {
  readonly name: string;
  /** "direct": to the upstream, without the gateway. */
  readonly via: "gateway" | "direct";
  readonly stream: boolean;
  /** Which of the gateway's API keys. */
  readonly key: number;
  readonly phases: readonly Phase[];
  readonly timeoutMs: number;
}

/** What the generator is asked for. */
export type Order =
  | {
      readonly kind: "target";
      readonly upstreamUrl: string;
      readonly gatewayUrl: string;
      readonly apiKeys: readonly string[];
    }
  /** As many calls as so many callers get through. */
  | { readonly kind: "closed"; readonly callers: number; readonly durationMs: number }
  /** Loads side by side. */
  | { readonly kind: "open"; readonly loads: readonly Load[]; readonly sliceMs: number }
  /** Streams, opened evenly over a time; reported when each has had output. */
  | { readonly kind: "streams"; readonly count: number; readonly rampMs: number }
  /** Waits for those streams to end, or ends them. */
  | { readonly kind: "settle"; readonly cancel: boolean };

/** Slices by the name of the load. */
export type Tallies = Readonly<Record<string, readonly Tally[]>>;

/** How streams went. */
export interface StreamsResult {
  /** Ended with status OK and every piece in its place. */
  readonly whole: number;
  readonly pieces: number;
  /** Between one piece and the next, in milliseconds. */
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
  /** Of those that were not whole: why, and how often. */
  readonly broken: Readonly<Record<string, number>>;
}

/** How the upstream behaves from now on. */
export interface UpstreamManner {
  /** Until a whole answer, or the first piece of a stream. */
  readonly delayMs: number;
  readonly pieces: number;
  /** Between pieces; Infinity (null in JSON) is silence after the first. */
  readonly gapMs: number | null;
}

/** What the upstream saw since it was told how to behave, or asked. */
export interface UpstreamSeen {
  readonly hits: number;
  /** Calls at once at most. */
  readonly most: number;
  /** Calls that came after the deadline of their caller. */
  readonly late: number;
  /** Calls under way now. */
  readonly active: number;
}
