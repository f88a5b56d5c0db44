import { cpus } from "node:os";
import type { Goals, Workload } from "./workload.ts";

/** CPU µs per unit of one workload, a figure for each round. */
export interface Measured {
  readonly workload: Workload;
  readonly raw: readonly number[];
  readonly gateway: readonly number[];
  /** Calls per second of the gateway under this load, which is not its limit. */
  readonly callsPerSecond: number;
}

/** What one run found. */
export interface Findings {
  readonly measured: readonly Measured[];
  /** Memory of the gateway before the first call. */
  readonly restMb: number;
  /** From spawning to the first good answer of /readyz, each start. */
  readonly startsMs: readonly number[];
  readonly pinned: boolean;
  readonly rounds: number;
}

/** Middle, least and most of some figures. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The findings as Markdown. */
export function reportOf({ measured, restMb, startsMs, pinned, rounds }: Findings): string {
  const [first] = cpus();
  const starts = spreadOf(startsMs);
  return [
    `Machine: ${cpus().length} cores, ${first?.model.trim()}, Node ${process.versions.node}, ${process.platform}.`,
    pinned
      ? "Core 0 has the process that is measured, the others have the load generator and the upstream."
      : "Not pinned to cores (taskset is missing, or there is only one core): expect more spread.",
    `CPU µs of the process (user and system): median of ${rounds} interleaved rounds (least–most).`,
    "",
    "| | raw proxy | gateway | gateway ÷ raw | must | aim | |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...measured.map(rowOf),
    "",
    `Gateway at rest: ${restMb.toFixed(0)} MB resident. Start to serving: ${text(starts, 0)} ms.`,
    "Only the ratios are comparable between machines and days.",
    "",
  ].join("\n");
}

function rowOf({ workload, raw, gateway }: Measured): string {
  const ratio = ratioOf({ raw, gateway });
  const cells = [workload.title, text(spreadOf(raw)), text(spreadOf(gateway)), text(ratio)];
  return `| ${[...cells, ...verdictOf(ratio.median, workload.goals)].join(" | ")} |`;
}

function verdictOf(ratio: number, goals: Goals | undefined): readonly string[] {
  if (goals === undefined) return ["–", "–", "no goal"];
  const { must, aim } = goals;
  return [`≤ ${must}`, `≤ ${aim}`, ratio <= aim ? "aim reached" : ratio <= must ? "must reached" : "missed"];
}

/** The ratio of each round, so that what slows the machine for a while slows both sides of it. */
export function ratioOf({ raw, gateway }: Pick<Measured, "raw" | "gateway">): Spread {
  return spreadOf(gateway.map((cost, round) => cost / (raw[round] ?? Number.NaN)));
}

/** Median, least and most. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

function text({ median, min, max }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
