import { homedir } from "node:os";
import { configPath, loadConfig } from "../config/load.ts";
import { isAddress } from "../config/scalar.ts";
import type { Config } from "../config/schema.ts";
import { extensionFacts } from "../extensions/module.ts";
import type { Gateway } from "../gateway.ts";
import { providerKinds } from "../providers/index.ts";
import { noWords, readArguments } from "./arguments.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";
import { configProblem } from "./config-problem.ts";
import { errorPort, isListenProblem, listenProblem } from "./listen-problem.ts";
import { superviseGateway } from "./supervise-gateway.ts";
import { welcome } from "./welcome.ts";

const options = {
  config: { type: "string", short: "c", value: "FILE", about: "configuration file; else LLMHUB_CONFIG, else built-in" },
  listen: { type: "string", value: "HOST:PORT", about: "address for calls, in place of server.listen" },
  "http-listen": { type: "string", value: "HOST:PORT", about: "one more address, for tools that speak HTTP" },
  "ops-listen": {
    type: "string",
    value: "HOST:PORT",
    about: "address for health and metrics, in place of server.opsListen",
  },
} as const;

/** Runs the gateway until a signal stops it. */
export const serve: Command = {
  usage: ["serve [--config FILE] [--listen HOST:PORT] [--http-listen …] [--ops-listen …]"],
  about: `Runs the gateway. Without a configuration file it listens on this machine only, without API
keys, with a simulated provider and with each provider whose key is in the environment, such
as OPENAI_API_KEY.

SIGTERM and SIGINT let calls in flight end and stop it; a second one stops it at once. SIGHUP
and a change of the file load the configuration again; if it is invalid, the old one stays.

LLMHUB_LISTEN, LLMHUB_HTTP_LISTEN, LLMHUB_OPS_LISTEN, LLMHUB_LOG_LEVEL and
LLMHUB_LOG_FORMAT take the place of the fields of the file.`,
  options,
  examples: ["llmhub serve", "llmhub serve --config llmhub.yaml", "llmhub serve --listen 127.0.0.1:6000"],
  exits: ["failure", "config"],
  run,
};

async function run(args: readonly string[], shell: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  noWords(words);
  const env = { ...shell.env };
  for (const [flag, variable] of [
    ["listen", "LLMHUB_LISTEN"],
    ["http-listen", "LLMHUB_HTTP_LISTEN"],
    ["ops-listen", "LLMHUB_OPS_LISTEN"],
  ] as const) {
    const address = values[flag];
    if (address === undefined) continue;
    if (!isAddress(address)) throw new CommandError("usage", `--${flag} must be host:port, such as 127.0.0.1:50051`);
    env[variable] = address;
  }
  const path = configPath({ path: values.config, env });
  const load = () => loadConfig({ path, env, kinds: providerKinds, extensions: extensionFacts });
  const config = await load();
  const gateway = await start(config, env);
  if (forPeople(config, shell)) shell.stdout.write(welcome(config, gateway));
  // Where the log is JSON it says the same, and nothing else may stand beside it.
  const report = (line: string) => {
    if (forPeople(config, shell)) shell.stderr.write(`${line}\n`);
  };
  process.on("uncaughtException", (error) => gateway.fault(error));
  return superviseGateway({ gateway, load, files: config.files, signals: shell.signals, report });
}

async function start(config: Config, env: Shell["env"]): Promise<Gateway> {
  // Loaded late: help and configuration errors need nothing of it.
  const { startGateway } = await import("../app.ts");
  const { listen, httpListen = listen, opsListen } = config.server;
  try {
    return await startGateway({ config, surroundings: { env, homeDirectory: homedir() } });
  } catch (error) {
    if (!isListenProblem(error)) throw configProblem(error);
    const addresses = [
      [listen, "--listen"],
      [httpListen, "--http-listen"],
      [opsListen, "--ops-listen"],
    ] as const;
    const [address, flag] = addresses.find(([{ port }]) => port === errorPort(error)) ?? addresses[0];
    throw new CommandError("failure", listenProblem(error, address, flag));
  }
}

/** In JSON format stdout carries log lines only. */
function forPeople({ log }: Config, { stdout }: Shell): boolean {
  return log.format === "pretty" || (log.format === "auto" && stdout.isTTY === true);
}
