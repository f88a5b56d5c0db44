/** The hub in a process of others, without a server: "llm-connector-hub". */

import { homedir } from "node:os";
import type { Transport } from "@connectrpc/connect";
import { type ClientOptions, HubClient } from "./client.ts";
import { ConfigError } from "./config/config-error.ts";
import type { FileInput } from "./config/file-schema.ts";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { Core } from "./core.ts";
import { extensionFacts } from "./extensions/module.ts";
import { GatewayError } from "./model/error.ts";
import { providerKinds } from "./providers/index.ts";
import { inProcessTransport } from "./server/in-process.ts";
import { routes } from "./services/index.ts";
import type { Logger } from "./telemetry/logger.ts";

export type { FileInput as HubConfig };
export { ConfigError };

/** Takes one line. Must neither throw nor wait: pino does not. */
type LogLine = (fields: object, message: string) => void;

/** Where the hub logs to: pino, or what looks like it. */
export interface HubLogger {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}

/** What a hub starts with. */
export interface CreateHubOptions extends ClientOptions {
  /** What a configuration file says, or the path of one. Absent: LLMHUB_CONFIG, else what is built in. */
  readonly config?: FileInput | string | undefined;
  /** Where keys and references of the configuration are looked up. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Absent: nothing is logged. */
  readonly logger?: HubLogger | undefined;
}

/** What holds in a process that has other work: who calls is known, and its event loop and memory are its own affair. */
const otherwise = { auth: { mode: "off" }, overload: { enabled: false } };
/** Messages stay in the process. */
const responseBytesMax = 0xffff_ffff;

/**
 * Starts a hub in this process. It opens no port (but for the simulator, if that is configured), handles no signals, writes
 * nothing and never ends the process. Rejects with a ConfigError that lists every problem.
 */
export async function createHub({
  config,
  env = process.env,
  logger,
  ...options
}: CreateHubOptions = {}): Promise<Hub> {
  const load = (next: FileInput | string | undefined = config) => loadedFrom(next, env);
  const core = await Core.open({
    config: await load(),
    surroundings: { env, homeDirectory: homedir() },
    logger: () => loggerOf(logger),
  });
  return new EmbeddedHub(core, load, options);
}

/** A hub in this process: everything that a client can ask, of the same core that a gateway serves. */
export interface Hub extends HubClient {
  /** For Connect clients of the generated services. */
  readonly transport: Transport;
  /**
   * Takes a configuration into use; absent: the same, read again. Calls in flight keep theirs. Rejects, and keeps the old one,
   * if it cannot work.
   */
  reload(config?: FileInput | string): Promise<void>;
  /**
   * Makes no further call, and lets those in flight go on for so long; what is left then fails with GATEWAY_DRAINING. Absent: at
   * once, also where another close still waits.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  /** What Prometheus would get of this hub; nothing about the process. */
  metrics(): Promise<string>;
}

class EmbeddedHub extends HubClient implements Hub {
  readonly transport: Transport;
  readonly #core: Core;
  readonly #load: (config?: FileInput | string) => Promise<Config>;

  constructor(core: Core, load: (config?: FileInput | string) => Promise<Config>, options: ClientOptions) {
    const transport = transportOf(core);
    const { retry = false, resume = false, ...rest } = options;
    // The core repeats what providers fail at; no connection can break.
    super(transport, { ...rest, retry, resume });
    this.transport = transport;
    this.#core = core;
    this.#load = load;
    core.readiness.set(true);
  }

  async reload(config?: FileInput | string): Promise<void> {
    await this.#core.reload(await this.#load(config));
  }

  override async close({ timeoutMs = 0 }: Parameters<Hub["close"]>[0] = {}): Promise<void> {
    await super.close();
    await closed(this.#core, timeoutMs);
  }

  metrics(): Promise<string> {
    return this.#core.metrics.registry.metrics();
  }
}

async function loadedFrom(config: FileInput | string | undefined, env: CreateHubOptions["env"] = {}): Promise<Config> {
  const from = typeof config === "string" ? { path: config } : { sections: config };
  const loaded = await loadConfig({ ...from, env, otherwise, kinds: providerKinds, extensions: extensionFacts });
  return { ...loaded, streams: { ...loaded.streams, resume: false, shared: false } };
}

function transportOf({ services, admission, lines, logger, config }: Core): Transport {
  const { requestBytesMax, bodyTimeoutMs } = config.server.limits;
  const limits = { requestBytesMax, responseBytesMax, bodyTimeoutMs };
  const now = () => performance.now();
  return inProcessTransport({
    ...limits,
    routes: routes(services),
    admission,
    accessLine: lines.ended,
    log: logger,
    now,
  });
}

/** Calls in flight that take longer than that fail with GATEWAY_DRAINING. */
async function closed(core: Core, timeoutMs: number): Promise<void> {
  const ended = new GatewayError("GATEWAY_DRAINING", "the hub was closed before the call could end");
  await core.beginClose();
  core.admission.abortProbes(ended);
  if (timeoutMs > 0) await core.admission.emptied(timeoutMs);
  core.admission.abortAll(ended);
  await core.close();
}

function loggerOf(given: HubLogger | undefined): Logger {
  const at = (level: keyof HubLogger) => (fields: object, message: string) => given?.[level](fields, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), flush: () => undefined };
}
