import { configPath } from "../config/config-path.ts";
import { isAddress } from "../config/scalar.ts";
import type { Config } from "../config/schema.ts";
import { isCount, workersOf } from "../config/workers.ts";
import type { Gateway } from "../gateway.ts";
import { noWords, readArguments } from "./arguments.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";
import { startGateway, startProblem } from "./start-gateway.ts";
import { superviseGateway } from "./supervise-gateway.ts";
import { welcome } from "./welcome.ts";

const options = {
  config: { type: "string", short: "c", value: "FILE", about: "configuration file; else as said above" },
  listen: { type: "string", value: "HOST:PORT", about: "address for calls, in place of server.listen" },
  "http-listen": { type: "string", value: "HOST:PORT", about: "one more address, for tools that speak HTTP" },
  "ops-listen": {
    type: "string",
    value: "HOST:PORT",
    about: "address for health and metrics, in place of server.opsListen",
  },
  workers: {
    type: "string",
    value: "N",
    about: "processes that take calls, or auto; in place of server.workers",
  },
} as const;

/** Runs the gateway until a signal stops it. */
export const serve: Command = {
  usage: ["serve [--config FILE] [--listen HOST:PORT] [--http-listen …] [--ops-listen …] [--workers N]"],
  about: `Runs the gateway. The configuration file is that of --config or LLMHUB_CONFIG, or else
/etc/llmhub/llmhub.yaml, if it is there. Without one it listens on this machine only, without API
keys, with a simulated provider and with each provider whose key is in the environment, such
as OPENAI_API_KEY. With LLMHUB_API_KEY callers have to show that key; and with LLMHUB_HOST, such
as 0.0.0.0, it listens there wherever no other host is said.

SIGTERM and SIGINT let calls in flight end and stop it; a second one stops it at once. SIGHUP
and a change of the file load the configuration again; if it is invalid, the old one stays.

LLMHUB_LISTEN, LLMHUB_HTTP_LISTEN, LLMHUB_OPS_LISTEN, LLMHUB_WORKERS, LLMHUB_LOG_LEVEL and
LLMHUB_LOG_FORMAT take the place of the fields of the file.`,
  options,
  examples: [
    "llmhub serve",
    "llmhub serve --config llmhub.yaml",
    "llmhub serve --listen 127.0.0.1:6000",
    "llmhub serve --workers auto",
  ],
  exits: ["failure", "config"],
  run,
};

interface Running {
  readonly config: Config;
  readonly gateway: Gateway;
  readonly load: () => Promise<Config>;
}

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
  if (values.workers !== undefined) {
    if (!isCount(values.workers))
      throw new CommandError("usage", "--workers must be auto or a whole number, such as 4");
    env["LLMHUB_WORKERS"] = values.workers;
  }
  const path = configPath({ path: values.config, env });
  const { config, gateway, load } = await start(path, env);
  if (forPeople(config, shell)) shell.stdout.write(welcome(config, gateway));
  // Where the log is JSON it says the same, and nothing else may stand beside it.
  const report = (line: string) => {
    if (forPeople(config, shell)) shell.stderr.write(`${line}\n`);
  };
  process.on("uncaughtException", (error) => gateway.fault(error));
  return superviseGateway({ gateway, load, files: config.files, signals: shell.signals, report });
}

/** A gateway in this process, or of several, and what loads its configuration. */
async function start(path: string | undefined, env: Shell["env"]): Promise<Running> {
  const count = await workersOf(path, env);
  if (count > 1) return startCrew(count, path, env);
  const { loadConfig } = await import("../config/load.ts");
  const { extensionFacts } = await import("../extensions/module.ts");
  const { providerKinds } = await import("../providers/index.ts");
  const load = () => loadConfig({ path, env, kinds: providerKinds, extensions: extensionFacts });
  const config = await load();
  return { config, gateway: await startGateway(config, env), load };
}

async function startCrew(count: number, path: string | undefined, env: Shell["env"]): Promise<Running> {
  const { CrewGateway } = await import("../workers/crew-gateway.ts");
  const { CrewFailure } = await import("../workers/crew.ts");
  try {
    const { gateway, config } = await CrewGateway.start({ count, path, env }, startProblem);
    return { config, gateway, load: () => gateway.load() };
  } catch (error) {
    throw error instanceof CrewFailure ? new CommandError(error.exit, error.message) : error;
  }
}

/** In JSON format stdout carries log lines only. */
function forPeople({ log }: Config, { stdout }: Shell): boolean {
  return log.format === "pretty" || (log.format === "auto" && stdout.isTTY === true);
}
