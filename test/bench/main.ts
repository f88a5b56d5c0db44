import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { readBaseline, regressionsOf, timesRaw } from "./baseline.ts";
import { chartOf } from "./chart.ts";
import { Costs } from "./costs.ts";
import type { Findings, Machine } from "./findings.ts";
import { idleStreams } from "./idle-streams.ts";
import { type Latency, latencyOf } from "./latency.ts";
import type { Peer } from "./peer.ts";
import { peerKinds } from "./peers/index.ts";
import { reportOf } from "./report.ts";
import { restOf } from "./rest.ts";
import { scalingOf } from "./scaling.ts";
import { Stand } from "./stand.ts";
import { workloads } from "./workload.ts";

const sections = ["rest", "latency", "streams", "workers"] as const;
const usage = `What the gateway costs, side by side with a proxy that only passes bytes on.

  npm run bench -- [--quick] [--peers] [--only NAME,...] [--rounds N] [--json FILE] [--chart FILE] [--check]

Everything runs on this machine, on loopback addresses, in less than five minutes; with --quick in one. With --check it
fails when a ratio is more than 1.5 times that of test/bench/baseline.json, in two of three runs. With --peers other
gateways do the same work, those of test/bench/peers that are installed. Names are of workloads:
${workloads.map(({ name, title }) => `  ${name.padEnd(15)}${title}\n`).join("")}and of sections: ${sections.join(", ")}.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
    chart: { type: "string" },
    check: { type: "boolean", default: false },
    "node-flag": { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
});
const timings = {
  long: { rounds: 7, firstWarmMs: 8000, warmMs: 2000, sliceMs: 400, turns: 3, turnMs: 1200, starts: 3, watchMs: 5000 },
  short: { rounds: 4, firstWarmMs: 3500, warmMs: 800, sliceMs: 300, turns: 2, turnMs: 700, starts: 3, watchMs: 1500 },
};
const timing = timings[values.quick ? "short" : "long"];
const rounds = Number(values.rounds ?? timing.rounds);
const names = values.only?.split(",");
const known = [...workloads.map(({ name }) => name), ...sections];
const chosen = workloads.filter(({ name }) => names === undefined || names.includes(name));
const streamCounts = values.quick ? [1000] : [1000, 5000];

if (values.help || !(names ?? []).every((name) => known.includes(name)) || !(rounds >= 1 && rounds <= 30)) {
  process.stdout.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else if (process.platform !== "linux") {
  process.stderr.write("CPU time of other processes is read from /proc, which only Linux has.\n");
  process.exitCode = 1;
} else {
  const { findings, regressions } = await bench();
  progress("done");
  process.stdout.write(reportOf(findings));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(findings, undefined, 2)}\n`);
  if (values.chart !== undefined) writeFileSync(values.chart, chartOf(findings.measured));
  for (const regression of regressions) process.stderr.write(`Regression: ${regression}.\n`);
  process.exitCode = regressions.length > 0 ? 1 : 0;
}

async function bench(): Promise<{ findings: Findings; regressions: readonly string[] }> {
  await using stand = await Stand.start(values["node-flag"]);
  const { gateway, rest } = await restOf(stand, isChosen("rest") ? timing : { starts: 0, watchMs: 0 });
  progress("the gateway serves");
  const peers = values.peers ? await startedPeers(stand) : [];
  const costs = new Costs(stand, gateway, peers, { ...timing, rounds });
  const measured: Findings["measured"][number][] = [];
  for (const workload of chosen) {
    const found = await again(() => costs.measure(workload));
    progress(`${workload.name}: ${timesRaw(found).toFixed(2)} × raw`);
    measured.push(found);
  }
  const regressions = values.check
    ? await regressionsOf(measured, readBaseline(), (workload) => again(() => costs.measure(workload)))
    : [];
  for (const peer of peers) await stand.stop(peer.process);
  const latencies: Latency[] = [];
  for (const door of isChosen("latency") ? (["grpc", "http"] as const) : []) {
    for (const shape of values.quick ? (["unary"] as const) : (["unary", "paced"] as const)) {
      latencies.push(await again(() => latencyOf(stand, gateway, { door, shape }, timing)));
      progress(`latency of ${door}, ${shape}`);
    }
  }
  await stand.stop(gateway.child);
  const idle = isChosen("streams") ? await again(() => idleStreams(stand, streamCounts)) : [];
  const scaling = isChosen("workers") && !values.quick ? await again(() => scalingOf(stand, timing)) : undefined;
  const restFound = isChosen("rest") ? rest : undefined;
  return {
    findings: { machine: machineOf(stand), rounds, measured, rest: restFound, latencies, idle, scaling },
    regressions,
  };
}

/** Does something a second time when a call failed in the first: a machine that does other things may refuse one. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    progress(`once more: ${error instanceof Error ? error.message : error}`);
    return work();
  }
}

/** Says what is done, and when. */
function progress(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(3)} s  ${what}\n`);
}

function isChosen(section: (typeof sections)[number]): boolean {
  return names === undefined || names.includes(section);
}

async function startedPeers(stand: Stand): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (const kind of peerKinds) {
    const missing = kind.missing();
    if (missing === undefined) peers.push(await stand.peer(kind));
    progress(missing === undefined ? `${kind.name} serves` : `${kind.name} is left out; to install it: ${missing}`);
  }
  return peers;
}

function machineOf({ cores, upstream, generator }: Stand): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    node: process.versions.node,
    platform: process.platform,
    pinned: cores !== undefined,
    upstream: upstream.language,
    h2load: generator.usesH2load,
  };
}
