import { ConfigError } from "../config/config-error.ts";
import { loadConfig } from "../config/load.ts";
import { extensionFacts } from "../extensions/module.ts";
import type { Gateway } from "../gateway.ts";
import type { Duties } from "../neighbours.ts";
import { providerKinds } from "../providers/index.ts";
import { Line } from "../workers/line.ts";
import { dutiesOn, neighboursOn } from "../workers/neighbourhood.ts";
import { packed, unpacked } from "../workers/parcel.ts";
import type { Beginning, Failure, Loaded, Started, ToHolder, ToWorker } from "../workers/topics.ts";
import { CommandError, type Shell } from "./command.ts";
import { startGateway } from "./start-gateway.ts";

/** A worker process: does what the process at the other end of its line tells it, and ends with that. */
export function work(env: Shell["env"]): void {
  // They go to the process that started it, which ends its workers; a terminal sends them to all.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  let gateway: Gateway | undefined;
  let duties: Duties | undefined;
  const wire = {
    send: (message: unknown, sent: () => void) => void process.send?.(message, undefined, undefined, sent),
  };
  const line = new Line<ToHolder, ToWorker>(wire, {
    ...dutiesOn(() => duties),
    load: (path) => load(path, env),
    start: async (beginning) => {
      const neighbours = neighboursOn(line, beginning, (some) => {
        duties = some;
      });
      try {
        gateway = await startGateway(unpacked(beginning.config), env, neighbours);
        return startedOf(gateway, duties, beginning);
      } catch (error) {
        return { case: "failed", ...failureOf(error) };
      }
    },
    reload: async (config) => {
      try {
        await gateway?.reload(unpacked(config));
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    drain: async () => {
      await gateway?.drain();
      process.exit(0);
    },
  });
  process.on("uncaughtException", (error) => {
    // Before it serves its end says more than a line that nobody can write.
    if (gateway === undefined) throw error;
    gateway.fault(error);
  });
  process.on("message", (message) => line.received(message));
}

async function load(path: string | undefined, env: Shell["env"]): Promise<Loaded> {
  try {
    return {
      case: "config",
      config: packed(await loadConfig({ path, env, kinds: providerKinds, extensions: extensionFacts })),
    };
  } catch (error) {
    if (error instanceof ConfigError) return { case: "problems", problems: error.problems };
    return { case: "failed", ...failureOf(error) };
  }
}

function startedOf(gateway: Gateway, duties: Duties | undefined, { news }: Beginning): Started {
  for (const each of news) duties?.follow(each);
  const { address, httpAddress, facts, summary } = gateway;
  return { case: "serving", address, httpAddress, facts, summary };
}

function failureOf(error: unknown): Failure {
  if (error instanceof ConfigError)
    return { exit: "config", message: `the configuration is invalid:\n${error.message}` };
  if (error instanceof CommandError && error.exit === "config") return { exit: "config", message: error.message };
  if (error instanceof CommandError) return { exit: "failure", message: error.message };
  return { exit: "failure", message: `unexpected failure: ${error instanceof Error ? error.message : String(error)}` };
}
