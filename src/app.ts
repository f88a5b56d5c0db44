import { setTimeout as elapsed } from "node:timers/promises";
import { discovery, watched } from "./background.ts";
import { addressText } from "./config/address-text.ts";
import type { Config, ServerConfig } from "./config/schema.ts";
import { restartNeeded } from "./config/server-change.ts";
import type { Surroundings } from "./credentials/surroundings.ts";
import { ExtensionHost } from "./extensions/host.ts";
import { type Kinds, kindsWith } from "./extensions/kinds.ts";
import type { Gateway, GatewayOptions, Where } from "./gateway.ts";
import { GatewayError } from "./model/error.ts";
import type { Neighbours } from "./neighbours.ts";
import { dutiesOf, operated } from "./operated.ts";
import { chainedMethods, operations } from "./operations.ts";
import { Ports } from "./ports.ts";
import { providerKinds } from "./providers/index.ts";
import { Admission } from "./server/admission.ts";
import { type OpsReadiness, OpsServer } from "./server/ops.ts";
import { pageOrigins } from "./server/page-origins.ts";
import { TrustedProxies } from "./server/trusted-proxies.ts";
import type { Discovery } from "./services/discovery.ts";
import type { ModelView } from "./services/models.ts";
import { Readiness } from "./services/readiness.ts";
import { createRequestValidator } from "./services/validation.ts";
import type { Simulator } from "./simulator/server.ts";
import { Snapshot, simulatorFor } from "./snapshot.ts";
import { surfaceRoutes } from "./surfaces/index.ts";
import { CallLines } from "./telemetry/call-lines.ts";
import {
  createLogger,
  faultOf,
  type LogFields,
  type Logger,
  type Prettify,
  prettifierFor,
} from "./telemetry/logger.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { Traffic } from "./traffic.ts";
import { version } from "./version.ts";

/** What a drain may take after its timeout, to cut off and to write out. */
const cutMs = 1000;

/** Starts the gateway; resolves when it takes calls. Rejects, with nothing left open, when a port cannot be had. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const kinds = await kindsWith(options.kinds ?? providerKinds, options.config.extensions);
  const simulator = await simulatorFor(options.config);
  const prettify = await prettifierFor(options.config.log.format, process.stdout.isTTY === true);
  let app: App | undefined;
  try {
    app = new App(options, kinds, { simulator, prettify });
    await app.listen();
    return app;
  } catch (error) {
    await (app === undefined ? simulator?.close() : app.drain());
    throw error;
  }
}

/** What had to be waited for before there was an app. */
interface Opened {
  readonly simulator: Simulator | undefined;
  readonly prettify: Prettify | undefined;
}

const nowhere: Where = { env: {}, homeDirectory: "" };

/** The composition root: the one place that knows every module. */
class App implements Gateway {
  address = "";
  httpAddress: string | undefined;
  opsAddress = "";
  readonly #metrics = new Metrics(version());
  readonly #logger: Logger;
  readonly #readiness = new Readiness();
  readonly #discovery: Discovery;
  readonly #admission: Admission;
  readonly #validator = createRequestValidator();
  readonly #ports: Ports;
  /** Undefined in a worker: who holds what workers share answers for all. */
  readonly #ops: OpsServer | undefined;
  readonly #neighbours: Neighbours | undefined;
  /** Level of what the holder says for all workers. */
  readonly #info: "info" | "debug";
  readonly #traffic: Traffic;
  readonly #extensions: ExtensionHost;
  #simulator: Simulator | undefined;
  #snapshot: Snapshot;
  readonly #surroundings: Surroundings;
  readonly #shipped: Kinds;
  #reloading: Promise<void> = Promise.resolve();
  #draining = false;

  constructor(
    { config, surroundings = nowhere, kinds: shipped = providerKinds, readMemory, neighbours }: GatewayOptions,
    kinds: Kinds,
    { simulator, prettify }: Opened,
  ) {
    this.#simulator = simulator;
    this.#shipped = shipped;
    this.#neighbours = neighbours;
    this.#info = neighbours === undefined ? "info" : "debug";
    this.#logger = this.#createLogger(config, prettify);
    this.#surroundings = watched(surroundings, this.#logger);
    this.#snapshot = this.#snapshotOf(config, kinds);
    const { limits, trustedProxies } = config.server;
    const logger = this.#logger;
    const streamRules = () => this.#snapshot.config.streams;
    const router = () => this.#snapshot.router;
    this.#traffic = new Traffic({ logger, metrics: this.#metrics, streamRules, router, neighbours, readMemory });
    this.#extensions = new ExtensionHost(logger, this.#metrics);
    const now = () => performance.now();
    this.#discovery = discovery(logger, now);
    this.#admission = new Admission({
      keys: () => this.#snapshot.keys,
      adminWithoutKey: () => this.#snapshot.config.auth.adminWithoutKey,
      deadlineMaxMs: limits.deadlineMaxMs,
      draining: () => this.#draining,
      proxies: trustedProxies.length === 0 ? undefined : new TrustedProxies(trustedProxies),
      mayCall: pageOrigins(config.server.cors?.origins ?? []),
      door: this.#traffic.overload,
      now,
    });
    this.#ports = this.#openPorts(config.server);
    this.#ops = neighbours === undefined ? this.#createOps(config.server) : undefined;
    const inFlight = () => this.#admission.inFlight;
    const readiness = () => this.#opsReadiness();
    neighbours?.serve(dutiesOf({ traffic: this.#traffic, metrics: this.#metrics, inFlight, readiness }));
  }

  #openPorts(server: ServerConfig): Ports {
    const [logger, metrics, admission, traffic] = [this.#logger, this.#metrics, this.#admission, this.#traffic];
    const readiness = this.#readiness;
    const models = () => this.#modelView();
    const lines = new CallLines(logger, metrics, chainedMethods);
    const router = () => this.#snapshot.router;
    const [validator, extensions] = [this.#validator, this.#extensions];
    const served = operations({ logger, metrics, validator, lines, router, traffic, extensions });
    const { reflection } = server;
    const { reach } = traffic.health;
    const system = operated(traffic, () => admission.inFlight, this.#neighbours);
    const services = { ...served, validator, readiness, reach, reflection, models, system };
    return new Ports({ server, services, surfaces: surfaceRoutes(services), admission, lines, logger });
  }

  get summary(): readonly string[] {
    const model = this.#snapshot.router.defaultModel;
    return [
      ...(model === undefined ? [] : [`model       ${model} unless a call names another`]),
      ...(this.#simulator === undefined ? [] : [`simulator   ${this.#simulator.url}`]),
    ];
  }

  get facts(): LogFields {
    const { auth, providers, extensions } = this.#snapshot.config;
    return {
      address: this.address,
      httpAddress: this.httpAddress,
      opsAddress: this.opsAddress,
      auth: auth.mode,
      providers: providers.map(({ id }) => id).join(" "),
      ...(extensions.length > 0 && { extensions: extensions.map(({ name }) => name).join(" ") }),
      defaultModel: this.#snapshot.router.defaultModel,
      version: version(),
    };
  }

  async listen(): Promise<void> {
    const extensions = await this.#extensions.prepare(this.#snapshot.config.extensions);
    this.#extensions.use(extensions);
    await this.#traffic.configure(this.#snapshot.config, this.#snapshot.fleet.twins);
    const { listen, httpListen, opsListen } = this.#snapshot.config.server;
    const { call, http } = await this.#ports.listen();
    this.address = addressText({ ...listen, port: call });
    if (httpListen !== undefined && http !== undefined) this.httpAddress = addressText({ ...httpListen, port: http });
    if (this.#ops !== undefined) this.opsAddress = addressText({ ...opsListen, port: await this.#ops.listen() });
    this.#readiness.set(true);
    this.#logger[this.#info](this.facts, "serving calls");
  }

  reload(config: Config): Promise<void> {
    // One after the other: each takes providers over from the one before.
    const reloaded = this.#reloading.then(() => this.#reload(config));
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  reloadRefused(error: unknown): void {
    this.#metrics.configRefused.value += 1;
    const problem = error instanceof Error ? error.message : "it cannot be loaded";
    this.#logger.error({ problem }, "the configuration stays as it was");
  }

  fault(error: unknown): void {
    this.#metrics.faults.value += 1;
    this.#logger.error({ fault: faultOf(error) }, "an exception that nothing expected");
  }

  /** Not ready, wait for load balancers, GOAWAY, let calls end, cut the rest with a typed error, write out. */
  async drain(): Promise<void> {
    const { delayMs, timeoutMs } = this.#snapshot.config.server.drain;
    this.#readiness.set(false);
    if (this.address !== "") this.#logger.info({ count: this.#admission.inFlight }, "draining the calls in flight");
    await elapsed(delayMs);
    this.#draining = true;
    await this.#reloading;
    this.#ports.beginDrain();
    const stopped = new GatewayError("GATEWAY_DRAINING", "the gateway stopped before the call could end");
    this.#admission.abortProbes(stopped);
    this.#discovery.close();
    if (!(await this.#ports.drained(timeoutMs))) {
      this.#admission.abortAll(stopped);
      await this.#ports.drained(cutMs);
    }
    await this.#ports.closeNow();
    await Promise.all([
      this.#ops?.close(),
      this.#snapshot.fleet.retire(),
      this.#simulator?.close(),
      this.#traffic.close(),
    ]);
    await this.#extensions.close();
    if (this.address !== "") this.#logger.info({ address: this.address }, "stopped");
    this.#logger.flush();
  }

  /** Only certificates can change while the server runs. */
  #renewServer(before: ServerConfig, next: ServerConfig): void {
    const { tls } = next;
    if (tls !== undefined && before.tls !== undefined) this.#ports.renewTls({ ...tls, key: tls.key.reveal() });
    const problem = restartNeeded(before, next);
    if (problem === undefined || this.#neighbours !== undefined) return;
    this.#logger.warn({ problem }, "a part of the configuration is not in use yet");
  }

  async #reload(config: Config): Promise<void> {
    if (this.#draining) throw new GatewayError("GATEWAY_DRAINING", "the gateway is stopping");
    this.#simulator ??= await simulatorFor(config);
    const kinds = await kindsWith(this.#shipped, config.extensions);
    const extensions = await this.#extensions.prepare(config.extensions);
    const before = this.#snapshot;
    let next: Snapshot | undefined;
    try {
      next = this.#snapshotOf(config, kinds, before);
      this.#renewServer(before.config.server, config.server);
    } catch (error) {
      void next?.fleet.retire(before.fleet);
      void this.#extensions.discard(extensions);
      throw error;
    }
    await this.#traffic.configure(config, next.fleet.twins);
    this.#snapshot = next;
    this.#logger[this.#info]({ count: next.fleet.providers.size }, "a new configuration is in use");
    this.#extensions.use(extensions, before.fleet.retire(next.fleet));
  }

  #snapshotOf(config: Config, kinds: Kinds, before?: Snapshot): Snapshot {
    const simulatorUrl = this.#simulator?.url;
    const snapshot = new Snapshot(config, { kinds, simulatorUrl, surroundings: this.#surroundings, before });
    this.#metrics.nameProviders(snapshot.fleet.providers.values());
    return snapshot;
  }

  #createLogger({ log }: Config, prettify: Prettify | undefined): Logger {
    const dropped = (lines: number) => {
      this.#metrics.logLinesDropped.value += lines;
    };
    return createLogger({ level: log.level, prettify, to: 1, dropped, worker: this.#neighbours?.worker });
  }

  #createOps({ opsListen }: ServerConfig): OpsServer {
    return new OpsServer({
      ...opsListen,
      readiness: () => this.#opsReadiness(),
      metrics: async () => ({
        contentType: this.#metrics.registry.contentType,
        body: await this.#metrics.registry.metrics(),
      }),
      log: this.#logger,
    });
  }

  #opsReadiness(): OpsReadiness {
    const reasons = [...(this.#draining ? ["draining"] : []), ...this.#traffic.impairments];
    return { ready: this.#readiness.ready, reasons };
  }

  #modelView(): ModelView {
    const { router, fleet } = this.#snapshot;
    const { health } = this.#traffic;
    return {
      router,
      providers: fleet.providers,
      discovery: this.#discovery,
      health: (id) => health.reading(id),
      trouble: (of) => health.trouble(of),
    };
  }
}
