import { readFileSync } from "node:fs";
import type { Measured } from "./costs.ts";
import { ratioOf } from "./statistics.ts";
import type { Workload } from "./workload.ts";

/** Ratios by workload, as short runs show them, whose code is colder than that of the long run in docs/performance.md. */
export type Baseline = Readonly<Record<string, number>>;

/** Wide, because machines that check do other things at the same time. */
const tolerance = 1.5;
const runsMax = 3;
const runsBeyondMax = 1;

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(new URL("baseline.json", import.meta.url), "utf8"));
}

/**
 * What got grossly worse, a sentence for each workload: its ratio is beyond the tolerance in two of three runs. Only
 * what was beyond it in the first run is run again.
 */
export async function regressionsOf(
  measured: readonly Measured[],
  baseline: Baseline,
  again: (workload: Workload) => Promise<Measured>,
): Promise<readonly string[]> {
  const regressions: string[] = [];
  for (const first of measured) {
    const { name } = first.workload;
    const limit = tolerance * (baseline[name] ?? Number.NaN);
    if (Number.isNaN(limit)) throw new Error(`baseline.json has no ratio for ${name}`);
    const ratios = [timesRaw(first)];
    const beyond = () => ratios.filter((ratio) => !(ratio <= limit)).length;
    while (beyond() === runsBeyondMax && ratios.length < runsMax) ratios.push(timesRaw(await again(first.workload)));
    if (beyond() <= runsBeyondMax) continue;
    const seen = ratios.map((ratio) => ratio.toFixed(2)).join(", ");
    regressions.push(`${name}: ${seen} × raw, more than ${limit.toFixed(2)}, which is ${tolerance} × the baseline`);
  }
  return regressions;
}

/** What the gateway costs, in parts of what the raw proxy does. */
export function timesRaw({ gateway, raw }: Measured): number {
  return ratioOf(gateway.cpuUs, raw.cpuUs).median;
}
