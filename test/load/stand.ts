import { spawnSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { Child, splitCores } from "../support/child.ts";
import { metricIn } from "../support/exposition.ts";
import { RedisServer } from "../support/redis-server.ts";
import { ServedGateway } from "../support/served-gateway.ts";
import type { Load, Order, Tallies, UpstreamManner, UpstreamSeen } from "./order.ts";

const sliceMs = 1000;
/** The noisy one, and the one beside it. */
const tenants = ["noisy", "quiet"];
/** More than any load here holds open, so that no limit on connections stands in for what is to be shown. */
const connectionsMax = 4096;
/** Rates that nobody reaches: the limits are checked, and never refuse. */
const boundless = 2_000_000_000;

/** How the upstream behaves when nothing is wrong. */
export const usualManner: UpstreamManner = { delayMs: 20, pieces: 10, gapMs: 0 };

/** Everything that takes part, each in a process of its own. */
export class Stand implements AsyncDisposable {
  readonly pinned: boolean;
  readonly #cores: readonly [string, string] | undefined;
  readonly #redis: RedisServer;
  readonly #upstream: Child;
  readonly #generator: Child;
  readonly #upstreamUrl: string;
  #gateway: ServedGateway | undefined;

  private constructor(parts: {
    cores: readonly [string, string] | undefined;
    redis: RedisServer;
    upstream: Child;
    generator: Child;
    upstreamUrl: string;
  }) {
    this.pinned = parts.cores !== undefined;
    this.#cores = parts.cores;
    this.#redis = parts.redis;
    this.#upstream = parts.upstream;
    this.#generator = parts.generator;
    this.#upstreamUrl = parts.upstreamUrl;
  }

  static async start(): Promise<Stand> {
    const cores = splitCores();
    // What is started from here inherits the cores, Redis too.
    if (cores !== undefined) spawnSync("taskset", ["-a", "-c", "-p", cores[1], `${process.pid}`]);
    const redis = await RedisServer.start();
    const upstream = Child.of(cores?.[1], new URL("upstream.ts", import.meta.url));
    const upstreamUrl = `http://127.0.0.1:${await upstream.message<number>()}`;
    const generator = Child.of(cores?.[1], new URL("generator.ts", import.meta.url));
    await generator.message();
    const stand = new Stand({ cores, redis, upstream, generator, upstreamUrl });
    await stand.serve();
    return stand;
  }

  get gateway(): Child {
    return this.#served.child;
  }

  get opsUrl(): string {
    return this.#served.opsUrl;
  }

  get #served(): ServedGateway {
    if (this.#gateway === undefined) throw new Error("no gateway runs");
    return this.#gateway;
  }

  /** Starts the gateway, in the place of one that runs; `noisyPerMinute` bounds the tenant of the first key. */
  async serve(noisyPerMinute = boundless): Promise<void> {
    await this.#gateway?.child.stop();
    await this.#redis.client.flushall();
    this.#gateway = await ServedGateway.start({
      cores: this.#cores?.[0],
      upstreamUrl: this.#upstreamUrl,
      tenants,
      connectionsMax,
      sections: `redis: { url: "${this.#redis.url}" }
limits:
  - { scope: key, requests: ${boundless}, tokens: ${boundless}, concurrent: ${boundless}, per: minute }
  - { scope: tenant, match: noisy, requests: ${noisyPerMinute}, per: minute }
overload: { targets: { callsMax: ${connectionsMax} } }
`,
    });
    const { url: gatewayUrl, apiKeys } = this.#gateway;
    await this.ask({ kind: "target", upstreamUrl: this.#upstreamUrl, gatewayUrl, apiKeys });
  }

  /** What the generator answers to an order, when it is carried out. */
  ask<T extends object>(order: Order): Promise<T> {
    const answer = this.#generator.message<T>();
    this.#generator.send(order);
    return answer;
  }

  /** Slices of a second of loads side by side. */
  open(...loads: readonly Load[]): Promise<Tallies> {
    return this.ask({ kind: "open", loads, sliceMs });
  }

  /** Has the upstream behave so from now on; gives what it saw until now, and begins to count anew. */
  upstream(manner: UpstreamManner | "seen"): Promise<UpstreamSeen> {
    const answer = this.#upstream.message<UpstreamSeen>();
    this.#upstream.send(manner);
    return answer;
  }

  /** Memory of the gateway once it changes by less than a megabyte within a second; at most five seconds are waited. */
  async restingMb(): Promise<number> {
    let lastMb = this.gateway.residentMb();
    for (let tries = 0; tries < 5; tries++) {
      await wait(1000);
      const nowMb = this.gateway.residentMb();
      if (Math.abs(nowMb - lastMb) < 1) return nowMb;
      lastMb = nowMb;
    }
    return lastMb;
  }

  /** A metric of the gateway, summed over the series with these labels. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricIn(await (await fetch(`${this.opsUrl}/metrics`)).text(), name, labels);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#gateway?.child.stop(), this.#generator.stop(), this.#upstream.stop()]);
    await this.#redis[Symbol.asyncDispose]();
  }
}
