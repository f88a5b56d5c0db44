import type { ServedGateway } from "../support/served-gateway.ts";
import type { Peer } from "./peer.ts";
import { countedCalls, gatewaySide, type Stand } from "./stand.ts";
import type { Side } from "./target.ts";
import { unitsPerCall, type Workload } from "./workload.ts";

/** How long sides are warmed up and measured. */
export interface Timing {
  readonly rounds: number;
  /** Of each side before its first workload, when its code is not compiled yet, and before each after that. */
  readonly firstWarmMs: number;
  readonly warmMs: number;
  /** Of one side in one round. */
  readonly sliceMs: number;
}

/** What one side took, a figure for each round. */
export interface Cost {
  readonly name: string;
  /** CPU µs per unit. */
  readonly cpuUs: readonly number[];
  /** Under this load. */
  readonly callsPerSecond: readonly number[];
}

/** What one workload cost, on each side; raw and gateway are the first two. */
export interface Measured {
  readonly workload: Workload;
  readonly raw: Cost;
  readonly gateway: Cost;
  readonly peers: readonly Cost[];
}

/** Measures what workloads cost, on a stand whose gateway runs all the time. */
export class Costs {
  readonly #stand: Stand;
  readonly #gateway: ServedGateway;
  readonly #peers: readonly Peer[];
  readonly #timing: Timing;
  /** Sides and doors that have been warmed up for long: each door has code of its own to be compiled. */
  readonly #warm = new Set<string>();

  constructor(stand: Stand, gateway: ServedGateway, peers: readonly Peer[], timing: Timing) {
    this.#stand = stand;
    this.#gateway = gateway;
    this.#peers = peers;
    this.#timing = timing;
  }

  /** Warms all sides up, then measures them in turn. Rejects when a single call failed. */
  async measure(workload: Workload): Promise<Measured> {
    const { shape, door } = workload;
    await this.#stand.upstream.answer(shape);
    const gateway = gatewaySide(this.#gateway, door);
    const peers = door === "http" && shape !== "paced" ? this.#peers : [];
    const sides = [this.#stand.raw, gateway, ...peers];
    const before = await countedCalls(this.#gateway);
    for (const side of sides) await this.#warmUp(workload, side);
    const runs = sides.map((side) => ({ side, cpuUs: [] as number[], callsPerSecond: [] as number[] }));
    for (let round = 0; round < this.#timing.rounds; round++) {
      // Nobody comes always after the same one.
      for (const run of [...runs.slice(round % runs.length), ...runs.slice(0, round % runs.length)]) {
        const { process, target } = run.side;
        const cpuMs = process.cpuMs();
        const done = await this.#stand.generator.closed(target, shape, this.#timing.sliceMs);
        run.cpuUs.push(((process.cpuMs() - cpuMs) * 1000) / done.calls / unitsPerCall(workload));
        run.callsPerSecond.push((done.calls * 1000) / done.durationMs);
      }
    }
    for (const { target } of sides) await this.#stand.generator.check(target, shape);
    await this.#verify(workload, before);
    const [raw, own, ...others] = runs.map(({ side, ...figures }) => ({ name: side.name, ...figures }));
    if (raw === undefined || own === undefined) throw new Error("there are no sides");
    return { workload, raw, gateway: own, peers: others };
  }

  async #warmUp({ shape, door }: Workload, { name, target }: Side): Promise<void> {
    await this.#stand.generator.check(target, shape);
    const { firstWarmMs, warmMs, sliceMs } = this.#timing;
    const way = `${name} ${door}`;
    const endMs = performance.now() + (this.#warm.has(way) ? warmMs : firstWarmMs);
    while (performance.now() < endMs) await this.#stand.generator.closed(target, shape, sliceMs);
    this.#warm.add(way);
  }

  /** A run of errors, which are quick, must not be taken for a fast one: not every generator sees the status of gRPC. */
  async #verify({ name }: Workload, before: { readonly all: number; readonly ok: number }): Promise<void> {
    const { all, ok } = await countedCalls(this.#gateway);
    const failed = all - before.all - (ok - before.ok);
    if (failed > 0 || ok === before.ok) throw new Error(`${name}: the gateway counted ${failed} failed calls`);
  }
}
