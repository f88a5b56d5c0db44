import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Capacity, capacityOf, type Timing } from "./capacity.ts";
import { grosslyMissed, type Row, tableOf } from "./goal.ts";
import { idleStreams, pacedStreams } from "./many-streams.ts";
import { neighbours } from "./neighbours.ts";
import { slowdown } from "./slowdown.ts";
import { Stand } from "./stand.ts";
import { overhead, sustained } from "./steady.ts";
import { flood, spike } from "./surge.ts";

const usage = `What the gateway does under load, in parts of what this machine can do.

  npm run test:load -- [--only L3,L8] [--full] [--rate N] [--json FILE]

Everything runs on this machine, on loopback addresses, in less than five minutes; with --full for the durations that
the goals were written for, in about twenty. --rate says what the machine can do (C, in calls per second) instead of
having it measured, where too much else goes on for that. Needs Linux and redis-server.
`;

/** Seconds of each load: in short, and as the goals were written. */
const seconds = {
  L2: [30, 600],
  L3: [10, 30],
  L4: [10, 60],
  L5: [10, 30],
  L6: [5, 30],
  L7: [8, 30],
  L8: [14, 60],
} as const;
const timings: Readonly<Record<"short" | "full", Timing>> = {
  short: { full: false, warmS: 6, tryS: 3, baseS: 6 },
  full: { full: true, warmS: 15, tryS: 8, baseS: 20 },
};

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    full: { type: "boolean", default: false },
    rate: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const lasting = (id: keyof typeof seconds) => seconds[id][values.full ? 1 : 0];

/** In the order in which they run: what floods the gateway comes last. */
const loads: Readonly<Record<string, (stand: Stand, capacity: Capacity) => Promise<Row>>> = {
  L1: (stand, capacity) => overhead(stand, capacity, values.full ? 12 : 3),
  L2: (stand, capacity) => sustained(stand, capacity, lasting("L2")),
  L5: (stand, capacity) => pacedStreams(stand, capacity, lasting("L5")),
  L6: (stand, capacity) => idleStreams(stand, capacity, lasting("L6")),
  L8: (stand, capacity) => slowdown(stand, capacity, lasting("L8")),
  L3: (stand, capacity) => spike(stand, capacity, lasting("L3")),
  L4: (stand, capacity) => flood(stand, capacity, lasting("L4")),
  L7: (stand, capacity) => neighbours(stand, capacity, lasting("L7")),
};
const rate = values.rate === undefined ? undefined : Number(values.rate);
const chosen = values.only?.split(",") ?? Object.keys(loads);

if (values.help || !chosen.every((id) => id in loads) || !(rate === undefined || rate >= 10)) {
  process.stdout.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else if (process.platform !== "linux") {
  process.stderr.write("Memory and CPU time of other processes are read from /proc, which only Linux has.\n");
  process.exitCode = 1;
} else await run();

async function run(): Promise<void> {
  await using stand = await Stand.start();
  const capacity = await capacityOf(stand, timings[values.full ? "full" : "short"], rate);
  process.stderr.write(`${capacityText(capacity)}\n`);
  const rows: Row[] = [];
  for (const [id, load] of Object.entries(loads)) {
    if (!chosen.includes(id)) continue;
    process.stderr.write(`${id} …\n`);
    rows.push(await load(stand, capacity));
  }
  rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  process.stdout.write(`${machineText(stand)}\n${capacityText(capacity)}\n\n${tableOf(rows)}`);
  const { perSecond, callCpuUs } = capacity;
  const base = { p50Ms: capacity.base.at(0.5), p99Ms: capacity.base.at(0.99) };
  const findings = { full: values.full, pinned: stand.pinned, perSecond, callCpuUs, base, rows };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(findings, undefined, 2)}\n`);
  const missed = grosslyMissed(rows);
  if (missed.length === 0) return;
  process.stderr.write(`Missed by more than twice:\n${missed.map((text) => `  ${text}\n`).join("")}`);
  process.exitCode = 1;
}

function machineText({ pinned }: Stand): string {
  const [first] = cpus();
  const cores = pinned ? "core 0 for the gateway alone" : "not pinned to cores: expect more spread";
  return `Machine: ${cpus().length} cores, ${first?.model.trim()}, Node ${process.versions.node}; ${cores}.`;
}

function capacityText({ perSecond, base, callCpuUs }: Capacity): string {
  const [p50, p99] = [base.at(0.5).toFixed(1), base.at(0.99).toFixed(1)];
  const of = `C = ${perSecond.toFixed(0)} calls/s (p99 within 50 ms, no error, upstream of 20 ms)`;
  return `${of}; B = ${p50} ms median, ${p99} ms p99 at 0.3 C; ${callCpuUs.toFixed(0)} µs of CPU for a call.`;
}
