import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { FaultProxy } from "../support/fault-proxy.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import type { CallLine } from "./scenarios.ts";

/** Bytes of the answer after which the connection of a stream breaks: its token and some deltas have arrived by then. */
const cutAfterBytes = 1_000;
/** How late the gateway may tell of what it has seen. */
const patienceMs = 10_000;
const root = join(import.meta.dirname, "../..");
const certificates = join(root, "test/support/certificates");

/** Two gateways alike, one of them behind TLS, with the built-in simulator behind both; and a pair of API keys for each client. */
export class Stand implements AsyncDisposable {
  readonly #gateway: GatewayProcess;
  readonly #encrypted: GatewayProcess;
  readonly #keys: ReadonlyMap<string, string>;

  private constructor(gateway: GatewayProcess, encrypted: GatewayProcess, keys: ReadonlyMap<string, string>) {
    this.#gateway = gateway;
    this.#encrypted = encrypted;
    this.#keys = keys;
  }

  static async start(clients: readonly string[]): Promise<Stand> {
    const ids = clients.flatMap((client) => [client, limited(client)]);
    const keys = new Map(ids.map((id) => [id, `lh_${randomBytes(32).toString("base64url")}`]));
    const hashed = [...keys].map(([id, key]) => ({ id, sha256: createHash("sha256").update(key).digest("hex") }));
    const sections = {
      auth: { mode: "keys", keys: hashed },
      health: { breakers: false },
      providers: {
        simulator: { discover: false, models: { gpt: { prices: { input: 1, output: 2 } } } },
      },
      limits: [
        { scope: "key", match: "limited-*", concurrent: 1 },
        { scope: "key", requests: 10_000, per: "minute" },
      ],
    };
    const tls = { cert: join(certificates, "server.pem"), key: join(certificates, "server.key.pem") };
    await using started = new AsyncDisposableStack();
    const gateway = started.use(await GatewayProcess.start(sections));
    const encrypted = started.use(await GatewayProcess.start({ ...sections, server: { tls } }));
    started.move();
    return new Stand(gateway, encrypted, keys);
  }

  /** Runs a client's program with what it has to know in its environment; the variables are in README.md. */
  async serve<T>(client: string, run: (env: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
    const address = new URL(this.#gateway.url);
    await using breaking = await FaultProxy.start(Number(address.port));
    breaking.cutNextAfter(cutAfterBytes);
    return await run({
      LLMHUB_ADDRESS: address.host,
      LLMHUB_TLS_ADDRESS: `localhost:${new URL(this.#encrypted.url).port}`,
      LLMHUB_CA: join(certificates, "ca.pem"),
      LLMHUB_BREAKING_ADDRESS: `127.0.0.1:${breaking.port}`,
      LLMHUB_API_KEY: this.#keys.get(client) ?? "",
      LLMHUB_LIMITED_API_KEY: this.#keys.get(limited(client)) ?? "",
      LLMHUB_SERVICE_CONFIG: join(root, "examples/grpc-service-config.json"),
    });
  }

  /** Calls of a client so far, by either of its keys, in the order in which they ended. */
  calls(client: string): CallLine[] {
    const log = this.#gateways.map(({ program }) => program.output).join("\n");
    const lines = log.split("\n").filter((line) => line.includes('"msg":"call"'));
    const calls = lines.map((line): CallLine => JSON.parse(line));
    return calls.filter(({ keyId }) => keyId === client || keyId === limited(client));
  }

  /** What goes on at the gateway that should have ended; empty where all is at rest. */
  async unrest(): Promise<string> {
    const gauges = ["open_streams", "orphaned_streams", "calls_in_flight"];
    const values = await Promise.all(
      this.#gateways.flatMap((gateway) => gauges.map(async (name) => [name, await gateway.metric(name)] as const)),
    );
    return values
      .filter(([, value]) => value > 0)
      .map((pair) => pair.join(" = "))
      .join(", ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
  }

  get #gateways(): readonly GatewayProcess[] {
    return [this.#gateway, this.#encrypted];
  }
}

/** Asks until nothing is wrong any more, for what the gateway tells a moment later; answers what still is. */
export async function settled<T>(wrong: () => Promise<T | undefined>): Promise<T | undefined> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await wrong();
    if (found === undefined || performance.now() > end) return found;
    await wait(50);
  }
}

/** Id of a client's key that allows one call at a time. */
function limited(client: string): string {
  return `limited-${client}`;
}
