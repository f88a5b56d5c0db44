import { freePorts } from "./free-port.ts";
import { type ProxyKind, ProxyProcess } from "./proxy.ts";
import { Replica, type Sections } from "./replica.ts";

/** Ports of the examples. */
const told = { calls: 50050, tls: 50443, admin: 9901, replicas: [50051, 50052], ops: [9464, 9465] } as const;

/** Two replicas, and a proxy in front of them where there is one. */
export class Mesh implements AsyncDisposable {
  readonly replicas: readonly Replica[];
  /** Where the replicas take calls themselves. */
  readonly addresses: readonly string[];
  readonly #ports: ReadonlyMap<number, number>;
  readonly #proxy: ProxyProcess | undefined;

  private constructor(
    replicas: readonly Replica[],
    ports: ReadonlyMap<number, number>,
    proxy: ProxyProcess | undefined,
  ) {
    this.replicas = replicas;
    this.#ports = ports;
    this.#proxy = proxy;
    this.addresses = told.replicas.map((port) => this.#at(port));
  }

  /** @param sections of the configuration of both replicas. */
  static async start(kind: ProxyKind | undefined, sections: Sections): Promise<Mesh> {
    const fixed = [told.calls, told.tls, told.admin, ...told.replicas, ...told.ops];
    const free = await freePorts(fixed.length);
    const ports = new Map(fixed.map((port, i) => [port, free[i] ?? 0]));
    const place = (i: 0 | 1) => ({ port: ports.get(told.replicas[i]) ?? 0, opsPort: ports.get(told.ops[i]) ?? 0 });
    const replicas = await Promise.all(([0, 1] as const).map((i) => Replica.start(place(i), sections)));
    return new Mesh(replicas, ports, kind && (await ProxyProcess.start(kind, ports)));
  }

  /** Where the proxy takes calls. */
  get address(): string {
    return this.#at(told.calls);
  }

  /** Where it takes those of callers with a certificate. */
  get tlsAddress(): string {
    return this.#at(told.tls).replace("127.0.0.1", "localhost");
  }

  /** Where it tells of itself. */
  get adminUrl(): string {
    return `http://${this.#at(told.admin)}`;
  }

  /** What all have written. */
  get output(): string {
    return [this.#proxy?.output, ...this.replicas.map(({ output }) => output)].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy?.[Symbol.asyncDispose]();
    await Promise.all(this.replicas.map((replica) => replica[Symbol.asyncDispose]()));
  }

  #at(port: number): string {
    return `127.0.0.1:${this.#ports.get(port)}`;
  }
}
