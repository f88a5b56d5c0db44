import { setTimeout as elapsed } from "node:timers/promises";
import { addressText } from "./config/address-text.ts";
import { restartNeeded } from "./config/restart-need.ts";
import type { Config } from "./config/schema.ts";
import { Core } from "./core.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import { GatewayError } from "./model/error.ts";
import { Ports } from "./ports.ts";
import { OpsServer } from "./server/ops.ts";
import { surfaceRoutes } from "./surfaces/index.ts";
import { expositionOf } from "./telemetry/exposition.ts";
import { createLogger, faultOf, type LogFields, prettifierFor } from "./telemetry/logger.ts";
import { version } from "./version.ts";

/** What a drain may take after its timeout, to cut off and to write out. */
const cutMs = 1000;
/** For callers to read the last of their answers and to close their connections. */
const partingMs = 500;

/** Starts the gateway; resolves when it takes calls. Rejects, with nothing left open, when a port cannot be had. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, neighbours } = options;
  const { level, format } = config.log;
  const prettify = await prettifierFor(format, process.stdout.isTTY === true);
  const worker = neighbours?.worker;
  const core = await Core.open({
    ...options,
    logger: (dropped) => createLogger({ level, prettify, to: 1, dropped, worker }),
  });
  core.metrics.watchProcess();
  let app: App | undefined;
  try {
    app = new App(core, neighbours !== undefined);
    await app.listen();
    return app;
  } catch (error) {
    await (app ?? core).close();
    throw error;
  }
}

/** The core with the ports at which calls, probes and scrapers come. */
class App implements Gateway {
  address = "";
  httpAddress: string | undefined;
  opsAddress = "";
  readonly #core: Core;
  readonly #ports: Ports;
  /** Undefined in a worker: who holds what workers share answers for all. */
  readonly #ops: OpsServer | undefined;

  constructor(core: Core, isWorker: boolean) {
    const { config, services, admission, lines, logger } = core;
    const { server } = config;
    this.#core = core;
    this.#ports = new Ports({ server, services, surfaces: surfaceRoutes(services), admission, lines, logger });
    this.#ops = isWorker ? undefined : opsServer(core);
  }

  get summary(): readonly string[] {
    const { defaultModel, simulatorUrl } = this.#core;
    return [
      ...(defaultModel === undefined ? [] : [`model       ${defaultModel} unless a call names another`]),
      ...(simulatorUrl === undefined ? [] : [`simulator   ${simulatorUrl}`]),
    ];
  }

  get facts(): LogFields {
    const { auth, providers, extensions } = this.#core.config;
    return {
      address: this.address,
      httpAddress: this.httpAddress,
      opsAddress: this.opsAddress,
      auth: auth.mode,
      providers: providers.map(({ id }) => id).join(" "),
      ...(extensions.length > 0 && { extensions: extensions.map(({ name }) => name).join(" ") }),
      defaultModel: this.#core.defaultModel,
      version: version(),
    };
  }

  async listen(): Promise<void> {
    const { config, readiness, logger, infoLevel } = this.#core;
    const { listen, httpListen, opsListen } = config.server;
    const { call, http } = await this.#ports.listen();
    this.address = addressText({ ...listen, port: call });
    if (httpListen !== undefined && http !== undefined) this.httpAddress = addressText({ ...httpListen, port: http });
    if (this.#ops !== undefined) this.opsAddress = addressText({ ...opsListen, port: await this.#ops.listen() });
    readiness.set(true);
    logger[infoLevel](this.facts, "serving calls");
  }

  reload(config: Config): Promise<void> {
    return this.#core.reload(config, (before, next) => this.#renewServer(before, next));
  }

  reloadRefused(error: unknown): void {
    const { metrics, logger } = this.#core;
    metrics.configRefused.value += 1;
    const problem = error instanceof Error ? error.message : "it cannot be loaded";
    logger.error({ problem }, "the configuration stays as it was");
  }

  fault(error: unknown): void {
    const { metrics, logger } = this.#core;
    metrics.faults.value += 1;
    logger.error({ fault: faultOf(error) }, "an exception that nothing expected");
  }

  /** Not ready, wait for load balancers, GOAWAY, let calls end, cut the rest with a typed error, write out. */
  async drain(): Promise<void> {
    const { config, readiness, logger, admission } = this.#core;
    readiness.set(false);
    if (this.address !== "") logger.info({ count: admission.inFlight }, "draining the calls in flight");
    await elapsed(config.server.drain.delayMs);
    await this.close();
    if (this.address !== "") logger.info({ address: this.address }, "stopped");
    logger.flush();
  }

  /** A drain that nobody has to notice beforehand. */
  async close(): Promise<void> {
    const core = this.#core;
    core.readiness.set(false);
    // Until no more can come, calls that are on their way are served.
    await this.#ports.beginDrain();
    await core.beginClose();
    const stopped = new GatewayError("GATEWAY_DRAINING", "the gateway stopped before the call could end");
    core.admission.abortProbes(stopped);
    if (!(await this.#ports.drained(core.config.server.drain.timeoutMs))) {
      core.admission.abortAll(stopped);
      await this.#ports.drained(cutMs);
    }
    await this.#ports.ended(partingMs);
    await this.#ports.closeNow();
    await Promise.all([this.#ops?.close(), core.close()]);
  }

  /** Only certificates can change while the server runs. */
  #renewServer(before: Config, next: Config): void {
    const { tls } = next.server;
    if (tls !== undefined && before.server.tls !== undefined) this.#ports.renewTls({ ...tls, key: tls.key.reveal() });
    const problem = restartNeeded(before, next);
    if (problem === undefined || this.#ops === undefined) return;
    this.#core.logger.warn({ problem }, "a part of the configuration is not in use yet");
  }
}

function opsServer(core: Core): OpsServer {
  return new OpsServer({
    ...core.config.server.opsListen,
    readiness: () => core.opsReadiness(),
    metrics: (accept) => expositionOf(core.metrics.registry, accept),
    log: core.logger,
  });
}
