import { homedir } from "node:os";
import type { Config } from "../config/schema.ts";
import type { Gateway } from "../gateway.ts";
import type { Neighbours } from "../neighbours.ts";
import { CommandError, type Shell } from "./command.ts";
import { errorPort, isListenProblem, listenProblem } from "./listen-problem.ts";

/** Starts a gateway in this process. Rejects with a CommandError where a person can mend what is wrong. */
export async function startGateway(config: Config, env: Shell["env"], neighbours?: Neighbours): Promise<Gateway> {
  // Loaded late: help and configuration errors need nothing of it.
  const app = await import("../app.ts");
  const surroundings = { env, homeDirectory: homedir() };
  try {
    return await app.startGateway({ config, surroundings, ...(neighbours && { neighbours }) });
  } catch (error) {
    throw await startProblem(error, config);
  }
}

/** What a person is told of a start that failed. */
export async function startProblem(error: unknown, { server }: Config): Promise<unknown> {
  if (!isListenProblem(error)) return (await import("./config-problem.ts")).configProblem(error);
  const { listen, httpListen = listen, opsListen } = server;
  const addresses = [
    [listen, "--listen"],
    [httpListen, "--http-listen"],
    [opsListen, "--ops-listen"],
  ] as const;
  const [address, flag] = addresses.find(([{ port }]) => port === errorPort(error)) ?? addresses[0];
  return new CommandError("failure", listenProblem(error, address, flag));
}
