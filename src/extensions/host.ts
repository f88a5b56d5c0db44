import { ConfigError } from "../config/config-error.ts";
import type { ExtensionConfig } from "../config/schema.ts";
import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Dispatch, Interceptor } from "../model/dispatch.ts";
import type { Served } from "../model/reply.ts";
import { faultOf, type Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ExtensionClock } from "./contract.ts";
import { guarded } from "./guard.ts";
import { Instance } from "./instance.ts";
import { extensionLogger } from "./logger.ts";
import { ExtensionFamilies } from "./metrics.ts";
import { causeOf, loadExtension, sourceName } from "./module.ts";

/** Interceptors of extensions, by where they stand; the first is outermost. */
export interface Places {
  readonly beforeCache: readonly Interceptor<Call<Asked>>[];
  readonly afterCache: readonly Interceptor<Call<Asked>>[];
  readonly attempt: readonly Interceptor<Attempt<Asked>>[];
}

/** Extensions that are open and not in use yet. */
export interface Prepared {
  readonly instances: readonly Instance[];
  /** Those of them that were opened for it. */
  readonly opened: readonly Instance[];
}

const nowhere: Places = { beforeCache: [], afterCache: [], attempt: [] };

const clock: ExtensionClock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** The extensions of the configuration in force, across reloads. */
export class ExtensionHost {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #families: ExtensionFamilies;
  readonly #builds: ((places: Places) => void)[] = [];
  /** Out of use, and perhaps with calls in them. */
  readonly #leaving = new Set<Instance>();
  #instances: readonly Instance[] = [];

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#families = new ExtensionFamilies(metrics.registry);
  }

  /** A dispatch that is built anew, around calls that come later, whenever the extensions change. */
  around<C, R extends Served>(build: (places: Places) => Dispatch<C, R>): Dispatch<C, R> {
    let current = build(nowhere);
    this.#builds.push((places) => {
      current = build(places);
    });
    return (call) => current(call);
  }

  /** Opens what is new, and leaves what is in use as it is. Rejects with a ConfigError, and nothing is left open, if one fails. */
  async prepare(configs: readonly ExtensionConfig[]): Promise<Prepared> {
    const instances: Instance[] = [];
    const opened: Instance[] = [];
    try {
      for (const config of configs) {
        const kept = this.#instances.find((instance) => instance.matches(config));
        const instance = kept ?? (await this.#open(config));
        instances.push(instance);
        if (kept === undefined) opened.push(instance);
      }
    } catch (error) {
      await this.#closeAll(opened);
      throw error;
    }
    return { instances, opened };
  }

  /**
   * Lets calls that come from now on pass through these. Those that are no longer used are closed when no call is in them,
   * and what is `retired` with them has come to an end.
   */
  use({ instances, opened }: Prepared, retired: Promise<unknown> = Promise.resolve()): void {
    const before = this.#instances;
    this.#instances = instances;
    const isSame = opened.length === 0 && String(names(before)) === String(names(instances));
    if (!isSame) {
      const places = this.#placesOf(instances);
      for (const build of this.#builds) build(places);
    }
    for (const instance of before) {
      if (instances.includes(instance)) continue;
      this.#leaving.add(instance);
      void retired
        .then(() => instance.idle())
        .then(() => this.#closeAll([instance]))
        .finally(() => this.#leaving.delete(instance));
    }
  }

  /** Closes what was prepared and is not going to be used. */
  discard({ opened }: Prepared): Promise<void> {
    return this.#closeAll(opened);
  }

  /** Closes all, for the end of the process: whoever is still in one will not be served. */
  async close(): Promise<void> {
    await this.#closeAll([...this.#instances, ...this.#leaving]);
  }

  async #open(config: ExtensionConfig): Promise<Instance> {
    const { name } = config;
    const loaded = await loadExtension(config);
    if ("problems" in loaded) throw new ConfigError(loaded.problems.map(({ message }) => problemAt(config, message)));
    const shared = { logger: extensionLogger(this.#logger, name), metrics: this.#families.of(name), clock };
    try {
      return await Instance.open(config, loaded.extension, loaded.settings, shared);
    } catch (error) {
      throw new ConfigError([problemAt(config, `${sourceName(config)} cannot be opened: ${causeOf(error)}`)]);
    }
  }

  async #closeAll(instances: readonly Instance[]): Promise<void> {
    await Promise.all(
      instances.map(async (instance) => {
        try {
          await instance.close();
        } catch (error) {
          const { name: extension } = instance.config;
          this.#logger.warn({ extension, problem: causeOf(error) }, "an extension failed to close");
        }
      }),
    );
  }

  #placesOf(instances: readonly Instance[]): Places {
    const inner = instances.filter(({ open }) => open.call !== undefined || open.attempt !== undefined);
    if (inner.length === 0) return nowhere;
    const calls = (place: ExtensionConfig["place"]) =>
      inner.flatMap((instance) => {
        const { call } = instance.open;
        if (call === undefined || instance.config.place !== place) return [];
        return [guarded(call, { ...this.#guardOf(instance), signalOf: ({ rpc }) => rpc.signal })];
      });
    // Twice, because the cache also asks for itself, without a call before it.
    const kept = counted(inner);
    return {
      beforeCache: [kept, ...calls("before-cache")],
      afterCache: [kept, ...calls("after-cache")],
      attempt: inner.flatMap((instance) => {
        const { attempt } = instance.open;
        if (attempt === undefined) return [];
        return [guarded(attempt, { ...this.#guardOf(instance), signalOf: ({ call }) => call.rpc.signal })];
      }),
    };
  }

  #guardOf({ config: { name, onFailure } }: Instance) {
    const cell = this.#metrics.extensionFailures.cell(name);
    const skips = onFailure === "continue";
    const failed = (error: unknown) => {
      cell.value += 1;
      // Where the call ends, its own line tells.
      if (skips) this.#logger.warn({ extension: name, fault: faultOf(error) }, "an extension failed; the call went on");
    };
    return { skips, failed };
  }
}

/** Keeps extensions open while a call is in them. */
function counted(instances: readonly Instance[]): Interceptor<Call<Asked>> {
  const leave = () => {
    for (const instance of instances) instance.left();
  };
  return (next) => async (call) => {
    for (const instance of instances) instance.entered();
    try {
      const reply = await next(call);
      void reply.outcome.then(leave);
      return reply;
    } catch (error) {
      leave();
      throw error;
    }
  };
}

function names(instances: readonly Instance[]): string[] {
  return instances.map(({ config }) => config.name);
}

function problemAt({ at, path }: ExtensionConfig, message: string) {
  return { at, path, message };
}
