import { Child, splitCores } from "../support/child.ts";
import { metricIn } from "../support/exposition.ts";
import { ServedGateway, type ServedOptions } from "../support/served-gateway.ts";
import { Generator } from "./generator.ts";
import type { Peer, PeerKind } from "./peer.ts";
import { gatewayTarget, rawTarget, type Side, type Target } from "./target.ts";
import { Upstream } from "./upstream-process.ts";
import type { Door } from "./workload.ts";

/** Everything that takes part, each in a process of its own. */
export class Stand implements AsyncDisposable {
  /** Core of what is measured, and those of the rest; undefined: not kept to any. */
  readonly cores: readonly [measured: string, others: string] | undefined;
  readonly upstream: Upstream;
  readonly generator: Generator;
  readonly raw: Side;
  readonly #nodeFlags: readonly string[];
  readonly #children = new Set<Child>();

  private constructor(parts: Pick<Stand, "cores" | "upstream" | "generator" | "raw">, nodeFlags: readonly string[]) {
    this.cores = parts.cores;
    this.upstream = parts.upstream;
    this.generator = parts.generator;
    this.raw = parts.raw;
    this.#nodeFlags = nodeFlags;
  }

  /** @param nodeFlags options of Node for gateways, beside those of the start script. */
  static async start(nodeFlags: readonly string[]): Promise<Stand> {
    const cores = splitCores();
    const upstream = await Upstream.start(cores?.[1]);
    const raw = await rawProxy(cores?.[0], upstream);
    return new Stand({ cores, upstream, generator: Generator.start(cores?.[1]), raw }, nodeFlags);
  }

  /** The provider, without anything between. */
  get direct(): Target {
    return rawTarget(this.upstream.url);
  }

  /** Starts a gateway, which `stop` or the end of the stand ends. */
  async gateway(options: Partial<ServedOptions> = {}): Promise<ServedGateway> {
    const nodeFlags = this.#nodeFlags;
    const served = await ServedGateway.start({
      cores: this.cores?.[0],
      upstreamUrl: this.upstream.url,
      nodeFlags,
      ...options,
    });
    this.#children.add(served.child);
    return served;
  }

  /** Starts another gateway, which `stop` or the end of the stand ends. */
  async peer(kind: PeerKind): Promise<Peer> {
    const peer = await kind.start(this.cores?.[0], this.upstream.url);
    this.#children.add(peer.process);
    return peer;
  }

  /** Starts another raw proxy, which `stop` or the end of the stand ends. */
  async proxy(): Promise<Side> {
    const side = await rawProxy(this.cores?.[0], this.upstream);
    this.#children.add(side.process);
    return side;
  }

  async stop(child: Child): Promise<void> {
    await child.stop();
    this.#children.delete(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.generator[Symbol.asyncDispose]();
    await Promise.all([this.upstream.child, this.raw.process, ...this.#children].map((child) => child.stop()));
  }
}

async function rawProxy(cores: string | undefined, upstream: Upstream): Promise<Side> {
  const process = Child.of(cores, new URL("raw-proxy.ts", import.meta.url), upstream.url);
  const target = rawTarget(`http://127.0.0.1:${await process.message<number>()}`);
  return { name: "raw proxy", process, target };
}

/** The gateway as a side of a comparison. */
export function gatewaySide({ child, url, apiKeys: [apiKey = ""] }: ServedGateway, door: Door): Side {
  return { name: "gateway", process: child, target: gatewayTarget(url, apiKey, door) };
}

/** Calls that the gateway counted, by what became of them. */
export async function countedCalls({ opsUrl }: ServedGateway): Promise<{ readonly all: number; readonly ok: number }> {
  const exposition = await (await fetch(`${opsUrl}/metrics`)).text();
  return { all: metricIn(exposition, "calls_total"), ok: metricIn(exposition, "calls_total", { code: "OK" }) };
}
