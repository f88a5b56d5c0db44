import { type Buckets, Histogram } from "./histogram.ts";

/** How a call ended, as its caller saw it. */
export interface Ending {
  /** The gRPC status; undefined: there was none. */
  readonly status: string | undefined;
  /** It said when to come back (google.rpc.RetryInfo). */
  readonly saysWhen: boolean;
  /** From sending to the first output of a stream; undefined: not a stream, or no output. */
  readonly firstMs?: number | undefined;
}

/** What was sent within one slice of time, and what became of it. */
export interface Tally {
  readonly sent: number;
  /** Not sent, because too many were under way for the generator. */
  readonly skipped: number;
  /** By gRPC status; "none": there was none. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Of those refused, the ones that did not say when to come back. */
  readonly withoutDelay: number;
  /** Durations of those answered and refused, first output of streams, and how much later than due calls were sent. */
  readonly answered: Buckets;
  readonly refused: Buckets;
  readonly first: Buckets;
  readonly late: Buckets;
}

/** RESOURCE_EXHAUSTED and UNAVAILABLE: the only ways to say "not now". */
export const refusals: ReadonlySet<string> = new Set(["8", "14"]);

/** A slice while its calls are under way. */
export class Slice {
  sent = 0;
  skipped = 0;
  #withoutDelay = 0;
  readonly #statuses: Record<string, number> = {};
  readonly #answered = new Histogram();
  readonly #refused = new Histogram();
  readonly #first = new Histogram();
  readonly late = new Histogram();

  ended({ status = "none", saysWhen, firstMs }: Ending, durationMs: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (firstMs !== undefined) this.#first.record(firstMs);
    if (status === "0") this.#answered.record(durationMs);
    if (!refusals.has(status)) return;
    this.#refused.record(durationMs);
    if (!saysWhen) this.#withoutDelay++;
  }

  tally(): Tally {
    return {
      sent: this.sent,
      skipped: this.skipped,
      statuses: this.#statuses,
      withoutDelay: this.#withoutDelay,
      answered: this.#answered.buckets(),
      refused: this.#refused.buckets(),
      first: this.#first.buckets(),
      late: this.late.buckets(),
    };
  }
}

/** Several slices as one. */
export interface Sum {
  readonly sent: number;
  readonly skipped: number;
  readonly ok: number;
  /** Refused as it should be: with one of the two statuses. */
  readonly refusedRightly: number;
  /** All that was neither answered nor refused as it should be, by status. */
  readonly wrong: Readonly<Record<string, number>>;
  readonly withoutDelay: number;
  readonly answered: Histogram;
  readonly refused: Histogram;
  readonly first: Histogram;
  readonly late: Histogram;
}

/** Adds slices up. */
export function sumOf(tallies: readonly Tally[]): Sum {
  const statuses = new Map<string, number>();
  for (const tally of tallies) {
    for (const [status, count] of Object.entries(tally.statuses)) {
      statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
  }
  const total = (of: (tally: Tally) => number) => tallies.reduce((sum, tally) => sum + of(tally), 0);
  const all = (of: (tally: Tally) => Buckets) => Histogram.of(...tallies.map(of));
  return {
    sent: total(({ sent }) => sent),
    skipped: total(({ skipped }) => skipped),
    ok: statuses.get("0") ?? 0,
    refusedRightly: [...refusals].reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0),
    wrong: Object.fromEntries([...statuses].filter(([status]) => status !== "0" && !refusals.has(status))),
    withoutDelay: total(({ withoutDelay }) => withoutDelay),
    answered: all(({ answered }) => answered),
    refused: all(({ refused }) => refused),
    first: all(({ first }) => first),
    late: all(({ late }) => late),
  };
}

/** Calls that were not answered. */
export function failuresOf({ sent, ok }: Pick<Sum, "sent" | "ok">): number {
  return sent - ok;
}
