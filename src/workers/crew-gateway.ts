import { addressText } from "../config/address-text.ts";
import { restartNeeded } from "../config/restart-need.ts";
import type { Config } from "../config/schema.ts";
import type { Gateway } from "../gateway.ts";
import { OpsServer } from "../server/ops.ts";
import { createLogger, faultOf, type LogFields, type Logger, prettifierFor } from "../telemetry/logger.ts";
import { Crew } from "./crew.ts";
import { CrewMetrics } from "./crew-metrics.ts";
import { Hand } from "./hand.ts";
import { Scrapes } from "./scrapes.ts";
import { SharedState } from "./shared-state.ts";
import type { Facts } from "./topics.ts";

/** What workers may need beyond their own time limits to end. */
const endMs = 5000;

/** What a gateway of several processes begins with. */
export interface CrewOptions {
  /** Workers. */
  readonly count: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The configuration file; undefined: none. */
  readonly path: string | undefined;
}

/** What a person is told whose address for operations cannot be listened on. */
type OpsProblem = (error: unknown, config: Config) => Promise<unknown>;

/**
 * A gateway of several processes. This one listens and hands connections out in turn, holds what workers share, answers
 * probes and scrapers, and starts a worker again that has ended. It loads no provider and takes no call.
 */
export class CrewGateway implements Gateway {
  readonly #options: CrewOptions;
  readonly #metrics = new CrewMetrics();
  readonly #shared: SharedState;
  readonly #crew: Crew;
  readonly #scrapes: Scrapes;
  #config: Config | undefined;
  #logger: Logger | undefined;
  #ops: OpsServer | undefined;
  #first: Facts | undefined;
  #isDraining = false;
  opsAddress = "";

  private constructor(options: CrewOptions) {
    this.#options = options;
    const evicted = () => {
      this.#metrics.keysEvicted.value += 1;
    };
    this.#shared = new SharedState(() => this.#crew.serving, evicted);
    const { count, env } = options;
    this.#crew = new Crew({
      count,
      spawn: (worker) => new Hand(worker, env, this.#shared.servingOf(worker)),
      news: () => this.#shared.news.known,
      ended: (worker, reason, startsInMs) => this.#ended(worker, reason, startsInMs),
      failed: (worker, problem) => this.#logger?.error({ worker, problem }, "a worker cannot serve, and is ended"),
    });
    this.#scrapes = new Scrapes(() => this.#crew.serving, count, this.#metrics);
    // Those that can would end with it anyway: one that is stuck does not notice.
    process.once("exit", () => this.#crew.kill());
  }

  /**
   * Starts the workers; resolves when all take calls. Rejects, and nothing is left, with a ConfigError, a CrewFailure, or
   * what `opsProblem` makes of an address for operations that cannot be had.
   */
  static async start(
    options: CrewOptions,
    opsProblem: OpsProblem,
  ): Promise<{ readonly gateway: CrewGateway; readonly config: Config }> {
    const gateway = new CrewGateway(options);
    try {
      const config = await gateway.load();
      await gateway.#open(config, opsProblem);
      return { gateway, config };
    } catch (error) {
      await gateway.#crew.end(0);
      throw error;
    }
  }

  get address(): string {
    return this.#first?.address ?? "";
  }

  get httpAddress(): string | undefined {
    return this.#first?.httpAddress;
  }

  get facts(): LogFields {
    const { count: workers } = this.#options;
    return { ...this.#first?.facts, opsAddress: this.opsAddress, workers };
  }

  get summary(): readonly string[] {
    return [...(this.#first?.summary ?? []), `workers     ${this.#options.count}`];
  }

  /** A worker reads the configuration: this process knows no providers. Rejects with a ConfigError. */
  load(): Promise<Config> {
    return this.#crew.load(this.#options.path);
  }

  async reload(config: Config): Promise<void> {
    await this.#crew.reload(config);
    const problem = this.#config && restartNeeded(this.#config, config);
    if (problem !== undefined) this.#logger?.warn({ problem }, "a part of the configuration is not in use yet");
    this.#config = config;
    this.#shared.configure(config.idempotency);
    this.#logger?.info({ count: config.providers.length }, "a new configuration is in use");
  }

  reloadRefused(error: unknown): void {
    this.#metrics.configRefused.value += 1;
    const problem = error instanceof Error ? error.message : "it cannot be loaded";
    this.#logger?.error({ problem }, "the configuration stays as it was");
  }

  fault(error: unknown): void {
    this.#metrics.faults.value += 1;
    this.#logger?.error({ fault: faultOf(error) }, "an exception that nothing expected");
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    const { delayMs, timeoutMs } = this.#config?.server.drain ?? { delayMs: 0, timeoutMs: 0 };
    this.#logger?.info({ workers: this.#crew.serving.size }, "draining the calls in flight");
    await this.#crew.end(delayMs + timeoutMs + endMs);
    await this.#ops?.close();
    this.#logger?.info({ address: this.address }, "stopped");
    this.#logger?.flush();
  }

  async #open(config: Config, opsProblem: OpsProblem): Promise<void> {
    const { level, format } = config.log;
    const prettify = await prettifierFor(format, process.stdout.isTTY === true);
    const logger = createLogger({ level, prettify, to: 1, dropped: () => undefined, isShared: true });
    this.#logger = logger;
    this.#config = config;
    this.#shared.configure(config.idempotency);
    const first = await this.#crew.open(config);
    this.#first = first;
    const { opsListen } = config.server;
    this.#ops = new OpsServer({
      ...opsListen,
      readiness: () => (this.#isDraining ? { ready: false, reasons: ["draining"] } : this.#scrapes.readiness()),
      metrics: (accept) => this.#scrapes.exposition(accept),
      log: logger,
    });
    const port = await this.#ops.listen().catch(async (error) => Promise.reject(await opsProblem(error, config)));
    this.opsAddress = addressText({ ...opsListen, port });
    logger.info(this.facts, "serving calls");
  }

  #ended(worker: number, reason: string, startsInMs: number | undefined): void {
    this.#metrics.exits.cell(reason).value += 1;
    this.#shared.ended(worker);
    this.#scrapes.ended(worker);
    this.#logger?.warn({ worker, cause: reason, startsInMs }, "a worker has ended, and is started again");
  }
}
