import { expect, test } from "vitest";
import { type Baseline, readBaseline, regressionsOf } from "./baseline.ts";
import type { Measured } from "./costs.ts";
import { type Workload, workloads } from "./workload.ts";

const [workload] = workloads as [Workload];
const baseline: Baseline = { [workload.name]: 2 };

test.each([
  { ratios: [3], regressed: false },
  { ratios: [3.1, 2.9, 2.9], regressed: false },
  { ratios: [3.1, 2.9, 3.2], regressed: true },
  { ratios: [3.1, 3.2], regressed: true },
])("of the ratios $ratios, where 3 is the limit, as many are measured as it takes", async ({ ratios, regressed }) => {
  const runs = ratios.map(measuredOf);
  const regressions = await regressionsOf(runs.splice(0, 1), baseline, async () => runs.shift() as Measured);
  expect(runs).toEqual([]);
  expect(regressions).toEqual(regressed ? [expect.stringContaining(`${workload.name}: 3.10, `)] : []);
});

test("every workload has a ratio in the committed baseline, and one that has none is not passed over", async () => {
  expect(Object.keys(readBaseline())).toEqual(workloads.map(({ name }) => name));
  const again = async () => measuredOf(1);
  await expect(regressionsOf([measuredOf(1)], {}, again)).rejects.toThrow(`no ratio for ${workload.name}`);
});

function measuredOf(ratio: number): Measured {
  const cost = (name: string, cpuUs: number) => ({ name, cpuUs: [cpuUs], callsPerSecond: [1] });
  return { workload, raw: cost("raw proxy", 10), gateway: cost("gateway", 10 * ratio), peers: [] };
}
