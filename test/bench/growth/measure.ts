import type { Child } from "../../support/child.ts";
import type { ServedGateway } from "../../support/served-gateway.ts";
import { spreadOf } from "../statistics.ts";
import type { Answer } from "./answer.ts";
import type { Axis } from "./axis.ts";
import { Client } from "./client.ts";
import { requestOf } from "./request.ts";

/** What a size costs. */
export interface Cost {
  readonly size: number;
  /** CPU time of the gateway for one unit, in µs. */
  readonly us: number;
  /** Of the gateway with this configuration, where each size has one of its own. */
  readonly start: Start | undefined;
}

/** Time from spawning a gateway to its first good answer, and its memory before the first call. */
export interface Start {
  readonly ms: number;
  readonly mb: number;
}

const rounds = 4;
const roundMs = 250;
const warmMs = 700;
/** A gateway that nobody has called yet needs longer. */
const coldWarmMs = 2000;

/** One size of an axis, ready to be called. */
export class Size {
  readonly size: number;
  readonly start: Start | undefined;
  readonly warmMs: number;
  readonly #axis: Axis;
  readonly #gateway: ServedGateway;
  readonly #client: Client;
  readonly #calls: readonly (() => Promise<number>)[];
  #next = 0;

  constructor(axis: Axis, size: number, gateway: ServedGateway, start: Start | undefined) {
    this.size = size;
    this.start = start;
    this.warmMs = start === undefined ? warmMs : coldWarmMs;
    this.#axis = axis;
    this.#gateway = gateway;
    const client = new Client(gateway.url);
    this.#client = client;
    this.#calls = axis.asks(size).map(({ key = 0, ...ask }) => {
      const request = requestOf(axis.door, gateway.apiKeys[key] ?? "", ask);
      return () => client.call(axis.door, request);
    });
  }

  /** CPU time for a unit, in µs, of calls that go on for so long. */
  async costUs(forMs: number): Promise<number> {
    const { child } = this.#gateway;
    const runMs = child.runMs();
    const endMs = performance.now() + forMs;
    let calls = 0;
    const one = async () => {
      do {
        calls++;
        await this.#calls[this.#next++ % this.#calls.length]?.();
      } while (performance.now() < endMs);
    };
    await Promise.all(Array.from({ length: this.#axis.atOnce(this.size) }, one));
    return ((child.runMs() - runMs) * 1000) / (calls * this.#axis.units(this.size));
  }

  close(): void {
    this.#client.close();
  }
}

/** What was found on one axis. */
export interface Found {
  /** From the smallest size to the largest. */
  readonly costs: readonly Cost[];
  /** Why there are none: the first call that failed. */
  readonly problem?: string;
}

/** Measures the sizes in turn, so that what slows the machine for a while slows them all. */
export async function costsOf(axis: Axis, sizes: readonly Size[], upstream: Child): Promise<Found> {
  const found = sizes.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, size] of sizes.entries()) {
      await told(upstream, axis.answer(size.size));
      try {
        const us = await size.costUs(round < 0 ? size.warmMs : roundMs);
        if (round >= 0) found[i]?.push(us);
      } catch (error) {
        return { costs: [], problem: `${size.size.toLocaleString("en")}: ${(error as Error).message}` };
      }
    }
  }
  return { costs: sizes.map(({ size, start }, i) => ({ size, start, us: spreadOf(found[i] ?? []).median })) };
}

async function told(upstream: Child, answer: Answer): Promise<void> {
  const ready = upstream.message();
  upstream.send(answer);
  await ready;
}
