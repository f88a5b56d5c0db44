import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Child, splitCores } from "../support/child.ts";
import { ServedGateway } from "../support/served-gateway.ts";
import { readBaseline, regressionsOf } from "./baseline.ts";
import { type Findings, type Measured, ratioOf, reportOf } from "./report.ts";
import {
  type LoadOrder,
  type LoadResult,
  type LoadTargets,
  unitsPerCall,
  type Workload,
  workloads,
} from "./workload.ts";

const usage = `What the gateway costs, side by side with a proxy that only passes bytes on.

  npm run bench -- [--rounds N] [--quick] [--only WORKLOAD] [--json FILE] [--check]

Everything runs on this machine, on loopback addresses, in less than three minutes. With --check
it fails when a ratio is more than 1.5 times that of test/bench/baseline.json, in two of three runs. Workloads:
${workloads.map(({ name, title }) => `  ${name.padEnd(15)}${title}\n`).join("")}`;

const restMs = 1000;
const starts = 3;

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
    check: { type: "boolean", default: false },
    "node-flag": { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
});
const timing = values.quick ? { rounds: 2, warmMs: 1000, runMs: 600 } : { rounds: 5, warmMs: 2500, runMs: 1500 };
const rounds = Number(values.rounds ?? timing.rounds);
const chosen = workloads.filter(({ name }) => values.only === undefined || name === values.only);

if (values.help || chosen.length === 0 || !(rounds >= 1 && rounds <= 8)) {
  process.stdout.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else if (process.platform !== "linux") {
  process.stderr.write("CPU time of other processes is read from /proc, which only Linux has.\n");
  process.exitCode = 1;
} else {
  const { findings, regressions } = await bench();
  process.stdout.write(reportOf(findings));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(findings, undefined, 2)}\n`);
  for (const regression of regressions) process.stderr.write(`Regression: ${regression}.\n`);
  process.exitCode = regressions.length > 0 ? 1 : 0;
}

async function bench(): Promise<{ findings: Findings; regressions: readonly string[] }> {
  const cores = splitCores();
  const [mine, others] = cores ?? [];
  const upstream = Child.of(others, new URL("upstream.ts", import.meta.url));
  const children = [upstream];
  try {
    const upstreamUrl = `http://127.0.0.1:${await upstream.message<number>()}`;
    const raw = Child.of(mine, new URL("raw-proxy.ts", import.meta.url), upstreamUrl);
    children.push(raw);
    const rawUrl = `http://127.0.0.1:${await raw.message<number>()}`;
    const startsMs: number[] = [];
    let gateway = await ServedGateway.start({ cores: mine, upstreamUrl, nodeFlags: values["node-flag"] });
    while (startsMs.length < starts) {
      await gateway.child.stop();
      gateway = await ServedGateway.start({ cores: mine, upstreamUrl, nodeFlags: values["node-flag"] });
      startsMs.push(gateway.startMs);
    }
    children.push(gateway.child);
    await wait(restMs);
    const restMb = gateway.child.residentMb();
    const targets: LoadTargets = { rawUrl, gatewayUrl: gateway.url, apiKey: gateway.apiKeys[0] ?? "" };
    const load = Child.of(others, new URL("load.ts", import.meta.url), JSON.stringify(targets));
    children.push(load);
    const run = (workload: Workload) => {
      upstream.send(workload.shape);
      return measure(workload, load, { raw, gateway: gateway.child });
    };
    const measured: Measured[] = [];
    for (const workload of chosen) measured.push(await run(workload));
    const regressions = values.check ? await regressionsOf(measured, readBaseline(), run) : [];
    return { findings: { measured, restMb, startsMs, pinned: cores !== undefined, rounds }, regressions };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

type Sides = Readonly<Record<"raw" | "gateway", Child>>;

/** Warms both sides up, then measures them in turn. */
async function measure(workload: Workload, load: Child, sides: Sides): Promise<Measured> {
  const figures = { raw: [] as number[], gateway: [] as number[] };
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    for (const side of ["raw", "gateway"] as const) {
      const target = side === "raw" ? side : workload.door;
      const before = sides[side].cpuMs();
      const durationMs = round < 0 ? timing.warmMs : timing.runMs;
      load.send({ shape: workload.shape, target, durationMs } satisfies LoadOrder);
      const result = await load.message<LoadResult>();
      if (result.problem !== undefined) throw new Error(`${workload.name}: ${result.problem}`);
      if (round < 0) continue;
      const cpuUs = (sides[side].cpuMs() - before) * 1000;
      figures[side].push(cpuUs / result.calls / unitsPerCall(workload));
      if (side === "gateway") rates.push(result.calls / (result.durationMs / 1000));
    }
  }
  const measured = { workload, ...figures, callsPerSecond: Math.max(...rates) };
  process.stderr.write(`${workload.name}: ${ratioOf(measured).median.toFixed(2)} × raw\n`);
  return measured;
}
