import { admissionRules } from "./admission-rules.ts";
import { discovery, watched } from "./background.ts";
import type { Config } from "./config/schema.ts";
import type { Surroundings } from "./credentials/surroundings.ts";
import { ExtensionHost } from "./extensions/host.ts";
import { type Kinds, kindsWith } from "./extensions/kinds.ts";
import type { GatewayOptions, Where } from "./gateway.ts";
import { GatewayError } from "./model/error.ts";
import type { Neighbours } from "./neighbours.ts";
import { dutiesOf, operated } from "./operated.ts";
import { chainedMethods, operations } from "./operations.ts";
import { providerKinds } from "./providers/index.ts";
import { Admission } from "./server/admission.ts";
import type { OpsReadiness } from "./server/ops.ts";
import type { Discovery } from "./services/discovery.ts";
import type { RouteParts } from "./services/index.ts";
import type { ModelView } from "./services/models.ts";
import { Readiness } from "./services/readiness.ts";
import { createRequestValidator } from "./services/validation.ts";
import type { Simulator } from "./simulator/server.ts";
import { Snapshot, simulatorFor } from "./snapshot.ts";
import { CallLines } from "./telemetry/call-lines.ts";
import type { Logger } from "./telemetry/logger.ts";
import { Metrics } from "./telemetry/metrics.ts";
import type { Tracer } from "./telemetry/tracing/tracer.ts";
import { tracerFor } from "./tracing.ts";
import { Traffic } from "./traffic.ts";
import { version } from "./version.ts";

/** What a core is made of. */
export interface CoreOptions extends GatewayOptions {
  /** Makes what the core logs to; lines that were lost are to be counted. */
  readonly logger: (dropped: (lines: number) => void) => Logger;
}

const nowhere: Where = { env: {}, homeDirectory: "" };

/**
 * What answers calls, whatever brings them: the configuration in force, what calls share, and the services over both. The
 * composition root of all that needs no port.
 */
export class Core {
  readonly metrics = new Metrics(version());
  readonly logger: Logger;
  readonly readiness = new Readiness();
  readonly admission: Admission;
  readonly lines: CallLines;
  readonly services: RouteParts;
  readonly #discovery: Discovery;
  readonly #neighbours: Neighbours | undefined;
  readonly #traffic: Traffic;
  readonly #extensions: ExtensionHost;
  readonly #surroundings: Surroundings;
  readonly #shipped: Kinds;
  #simulator: Simulator | undefined;
  #snapshot: Snapshot;
  #reloading: Promise<void> = Promise.resolve();
  #closing = false;
  #closed: Promise<void> | undefined;
  /** Undefined: calls are not recorded. */
  #tracer: Tracer | undefined;

  /** Rejects, with nothing left open, where the configuration cannot work. */
  static async open(options: CoreOptions): Promise<Core> {
    const kinds = await kindsWith(options.kinds ?? providerKinds, options.config.extensions);
    const simulator = await simulatorFor(options.config);
    let core: Core | undefined;
    try {
      core = new Core(options, kinds, simulator);
      await core.#begin();
      return core;
    } catch (error) {
      await (core === undefined ? simulator?.close() : core.close());
      throw error;
    }
  }

  private constructor(
    { config, surroundings = nowhere, kinds: shipped = providerKinds, readMemory, neighbours, ...options }: CoreOptions,
    kinds: Kinds,
    simulator: Simulator | undefined,
  ) {
    this.#simulator = simulator;
    this.#shipped = shipped;
    this.#neighbours = neighbours;
    const { metrics } = this;
    const logger = options.logger((lines) => {
      metrics.logLinesDropped.value += lines;
    });
    this.logger = logger;
    this.#surroundings = watched(surroundings, logger);
    this.#snapshot = this.#snapshotOf(config, kinds);
    const streamRules = () => this.#snapshot.config.streams;
    const router = () => this.#snapshot.router;
    this.#traffic = new Traffic({ logger, metrics, streamRules, router, neighbours, readMemory });
    this.#extensions = new ExtensionHost(logger, metrics);
    this.#discovery = discovery(logger, () => performance.now());
    this.admission = this.#createAdmission(config);
    this.lines = new CallLines(logger, metrics, chainedMethods);
    this.services = this.#createServices(config);
    const inFlight = () => this.admission.inFlight;
    const readiness = () => this.opsReadiness();
    neighbours?.serve(dutiesOf({ traffic: this.#traffic, metrics, inFlight, readiness }));
  }

  #createAdmission({ server }: Config): Admission {
    return new Admission({
      keys: () => this.#snapshot.keys,
      adminWithoutKey: () => this.#snapshot.config.auth.adminWithoutKey,
      ...admissionRules(server),
      draining: () => this.#closing,
      door: this.#traffic.overload,
      tracer: () => this.#tracer,
      now: () => performance.now(),
    });
  }

  #createServices({ server }: Config): RouteParts {
    const { logger, metrics, lines, admission, readiness } = this;
    const traffic = this.#traffic;
    const validator = createRequestValidator();
    const router = () => this.#snapshot.router;
    const served = operations({ logger, metrics, validator, lines, router, traffic, extensions: this.#extensions });
    const system = operated(traffic, () => admission.inFlight, this.#neighbours);
    const models = () => this.#modelView();
    const { reach } = traffic.health;
    return { ...served, validator, readiness, reach, reflection: server.reflection, models, system };
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#snapshot.config;
  }

  /** The model of calls that name none; undefined: such calls are refused. */
  get defaultModel(): string | undefined {
    return this.#snapshot.router.defaultModel;
  }

  /** Where the built-in simulator listens; undefined: no provider needs it. */
  get simulatorUrl(): string | undefined {
    return this.#simulator?.url;
  }

  /** Level of what one process says for all that share with it. */
  get infoLevel(): "info" | "debug" {
    return this.#neighbours === undefined ? "info" : "debug";
  }

  /** Whether calls are taken, and what does not work as configured. */
  opsReadiness(): OpsReadiness {
    const reasons = [...(this.#closing ? ["draining"] : []), ...this.#traffic.impairments];
    return { ready: this.readiness.ready, reasons };
  }

  /**
   * Takes a new configuration into use. Rejects, and keeps the old one, if it cannot work.
   * @param renew takes over what concerns whoever brings the calls; what it throws refuses the configuration.
   */
  reload(config: Config, renew: (before: Config, next: Config) => void = () => undefined): Promise<void> {
    // One after the other: each takes providers over from the one before.
    const reloaded = this.#reloading.then(() => this.#reload(config, renew));
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Refuses calls from now on; those in flight go on. Resolves when no reload is under way. */
  async beginClose(): Promise<void> {
    this.readiness.set(false);
    this.#closing = true;
    await this.#reloading;
    this.#discovery.close();
  }

  /** Gives back what is open, once, however often it is asked. Calls in flight are to have ended. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.beginClose();
    await Promise.all([this.#snapshot.fleet.retire(), this.#simulator?.close(), this.#traffic.close()]);
    await this.#extensions.close();
    await this.#tracer?.close();
  }

  async #begin(): Promise<void> {
    const { config, fleet } = this.#snapshot;
    this.#extensions.use(await this.#extensions.prepare(config.extensions));
    await this.#traffic.configure(config, fleet.twins);
    const { logger, metrics } = this;
    this.#tracer = await tracerFor(config, { logger, metrics, worker: this.#neighbours?.worker });
  }

  async #reload(config: Config, renew: (before: Config, next: Config) => void): Promise<void> {
    if (this.#closing) throw new GatewayError("GATEWAY_DRAINING", "the gateway is stopping");
    this.#simulator ??= await simulatorFor(config);
    const kinds = await kindsWith(this.#shipped, config.extensions);
    const extensions = await this.#extensions.prepare(config.extensions);
    const before = this.#snapshot;
    let next: Snapshot | undefined;
    try {
      next = this.#snapshotOf(config, kinds, before);
      renew(before.config, config);
    } catch (error) {
      void next?.fleet.retire(before.fleet);
      void this.#extensions.discard(extensions);
      throw error;
    }
    await this.#traffic.configure(config, next.fleet.twins);
    this.#snapshot = next;
    this.logger[this.infoLevel]({ count: next.fleet.providers.size }, "a new configuration is in use");
    this.#extensions.use(extensions, before.fleet.retire(next.fleet));
  }

  #snapshotOf(config: Config, kinds: Kinds, before?: Snapshot): Snapshot {
    const simulatorUrl = this.#simulator?.url;
    const snapshot = new Snapshot(config, { kinds, simulatorUrl, surroundings: this.#surroundings, before });
    this.metrics.nameProviders(snapshot.fleet.providers.values());
    return snapshot;
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
