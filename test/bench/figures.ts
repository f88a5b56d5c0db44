import type { Measured } from "./costs.ts";
import type { Findings } from "./findings.ts";
import type { IdleStreams } from "./idle-streams.ts";
import { type Latency, spreads } from "./latency.ts";
import type { Rest } from "./rest.ts";
import type { Scaling } from "./scaling.ts";
import { ratioOf, type Spread, spreadOf } from "./statistics.ts";
import type { Goals } from "./workload.ts";

/** One figure beside the costs: what was found, and what was to be. */
export interface Figure {
  readonly title: string;
  readonly value: Spread;
  readonly unit: string;
  readonly digits: number;
  /** What it is compared with: the same without the gateway. */
  readonly without?: string;
  readonly goals?: Goals;
  /** The goals are the least that is wanted; absent: the most. */
  readonly atLeast?: boolean;
}

const doors = { grpc: "gRPC", http: "OpenAI-compatible HTTP", connect: "Connect" } as const;
/** The peer that the goal for throughput names. */
const rival = /^Portkey/;

/** All figures of a run but the costs. */
export function figuresOf({ machine, measured, latencies, rest, idle, scaling }: Findings): readonly Figure[] {
  return [
    ...measured.flatMap(throughput),
    ...latencies.flatMap(latency),
    ...(rest === undefined ? [] : resting(rest)),
    ...(scaling === undefined ? [] : workers(scaling, machine.cores)),
    ...idle.filter(({ name }) => name === "gateway").flatMap((own) => streams(own, idle)),
  ];
}

/** What one core gets done, in parts of what it does in a peer. */
function throughput({ workload, gateway, peers }: Measured): readonly Figure[] {
  return peers.map(({ name, cpuUs }) => ({
    title: `${workload.shape === "unary" ? "whole answers" : "streams"} per core ÷ ${name}`,
    value: ratioOf(cpuUs, gateway.cpuUs),
    unit: "",
    digits: 1,
    ...(rival.test(name) && { goals: { must: 5, aim: 7 } }),
    atLeast: true,
  }));
}

function latency({ door, shape, perSecond, added }: Latency): readonly Figure[] {
  const calls = `${doors[door]}, ${perSecond} ${shape === "unary" ? "calls" : "streams"}/s`;
  return added.flatMap((each) => {
    const { p50, p99 } = spreads(each);
    const title = (quantile: string) => `${calls}: added ${each.title}, ${quantile}`;
    const of = (value: Spread, without: number) => ({
      value,
      unit: " ms",
      digits: 2,
      without: `${without.toFixed(2)} ms`,
    });
    return [
      {
        title: title("p50"),
        ...of(p50, each.direct.p50Ms),
        ...(shape === "unary" && { goals: { must: 1, aim: 0.5 } }),
      },
      { title: title("p99"), ...of(p99, each.direct.p99Ms), ...(shape === "unary" && { goals: { must: 5, aim: 2 } }) },
    ];
  });
}

function resting({ startsMs, mb, cpuPercent }: Rest): readonly Figure[] {
  const once = (figure: number) => spreadOf([figure]);
  return [
    { title: "start to serving", value: spreadOf(startsMs), unit: " ms", digits: 0, goals: { must: 500, aim: 250 } },
    { title: "memory at rest", value: once(mb), unit: " MB", digits: 0, goals: { must: 100, aim: 80 } },
    { title: "CPU at rest", value: once(cpuPercent), unit: " % of a core", digits: 2, goals: { must: 1, aim: 0.2 } },
  ];
}

/** Calls per second share the machine with the load, which bounds them where there are few cores; CPU time does not. */
function workers({ one, two }: Scaling, cores: number): readonly Figure[] {
  const of = (over: readonly number[], under: readonly number[]) => ({
    value: ratioOf(over, under),
    unit: "",
    digits: 2,
  });
  const goals = { must: 1.7, aim: 1.9 };
  const shared = cores <= 2 ? " (the load shares the second core)" : "";
  const calls = of(two.callsPerSecond, one.callsPerSecond);
  return [
    { title: `gRPC calls per second, two workers ÷ one${shared}`, ...calls, goals, atLeast: true },
    { title: "CPU per call, two workers ÷ one", ...of(two.cpuUs, one.cpuUs) },
  ];
}

function streams(own: IdleStreams, all: readonly IdleStreams[]): readonly Figure[] {
  const raw = all.find((each) => each !== own);
  return own.open.map(({ streams, mb, kibEach }, at) => ({
    title: `memory of each of ${streams} idle open streams (${mb.toFixed(0)} MB in all)`,
    value: spreadOf([kibEach]),
    unit: " KiB",
    digits: 0,
    goals: { must: 64, aim: 24 },
    ...(raw?.open[at] && { without: `${raw.open[at].kibEach.toFixed(0)} KiB` }),
  }));
}
