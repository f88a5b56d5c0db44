import type { Cost, Measured } from "./costs.ts";
import type { Findings } from "./findings.ts";
import { type Workload, workloads } from "./workload.ts";

/** A run that nobody has made, with round figures. */
export function sampleFindings(): Findings {
  return {
    machine: { cores: 2, cpu: "Abacus", node: "24.0.0", platform: "linux", pinned: true, upstream: "C", h2load: true },
    rounds: 3,
    measured: [sampleMeasured("unary", 100, 150), sampleMeasured("http-unary", 100, 400, [cost("Portkey <1>", 2400)])],
    rest: { startsMs: [300, 310, 290], mb: 90, cpuPercent: 0.1 },
    latencies: [
      {
        door: "grpc",
        shape: "unary",
        perSecond: 1000,
        added: [
          {
            title: "to the whole answer",
            p50Ms: [0.4, 0.6, 0.3],
            p99Ms: [7, 6, 8],
            direct: { p50Ms: 0.2, p99Ms: 1 },
            gateway: { p50Ms: 0.6, p99Ms: 8 },
          },
        ],
      },
    ],
    scaling: {
      one: { callsPerSecond: [4000, 4000, 4000], cpuUs: [250, 250, 250] },
      two: { callsPerSecond: [7000, 7200, 7400], cpuUs: [275, 275, 275] },
    },
    idle: [
      { name: "raw proxy", restMb: 70, open: [{ streams: 1000, mb: 120, kibEach: 50 }] },
      { name: "gateway", restMb: 90, open: [{ streams: 1000, mb: 120, kibEach: 30 }] },
    ],
  };
}

function sampleMeasured(name: string, rawUs: number, gatewayUs: number, peers: readonly Cost[] = []): Measured {
  const workload = workloads.find((each) => each.name === name) as Workload;
  return { workload, raw: cost("raw proxy", rawUs), gateway: cost("gateway", gatewayUs), peers };
}

function cost(name: string, cpuUs: number): Cost {
  return { name, cpuUs: [cpuUs, cpuUs * 1.1, cpuUs * 0.9], callsPerSecond: [1e6 / cpuUs] };
}
