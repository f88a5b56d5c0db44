import { get } from "node:http";
import { text } from "node:stream/consumers";
import { configPath } from "../config/config-path.ts";
import { defaultAddress } from "../config/default-address.ts";
import { isAddress } from "../config/scalar.ts";
import { serverField } from "../config/server-field.ts";
import { noWords, readArguments } from "./arguments.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";

const options = {
  config: { type: "string", short: "c", value: "FILE", about: "configuration file of the gateway; else as for serve" },
  "ops-address": { type: "string", value: "HOST:PORT", about: "its port for health; else as the configuration says" },
  live: { type: "boolean", about: "ask only whether it runs (/livez), not whether it takes calls (/readyz)" },
} as const;

/** Of the whole answer. Less than the time that supervisors give a probe. */
const timeoutMs = 4000;

/** Asks the gateway on this machine whether it is well, for supervisors that run a program as their probe. */
export const health: Command = {
  usage: ["health [--live] [--config FILE] [--ops-address HOST:PORT]"],
  about: `Asks the gateway that runs on this machine, or in this container, whether it takes calls. Finds
its port for health as \`llmhub serve\` does: LLMHUB_OPS_LISTEN, the configuration file, LLMHUB_HOST.
For HEALTHCHECK of a container and the like: no other program is needed.`,
  options,
  examples: ["llmhub health", "llmhub health --live --ops-address 127.0.0.1:9464"],
  exits: ["failure"],
  run,
};

async function run(args: readonly string[], { env, stdout }: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  noWords(words);
  const address = values["ops-address"] ?? (await configured(values.config, env));
  if (!isAddress(address)) throw new CommandError("usage", "--ops-address must be host:port, such as 127.0.0.1:9464");
  const { status, said } = await answerOf(`http://${here(address)}${values.live ? "/livez" : "/readyz"}`);
  if (status !== 200) throw new CommandError("failure", `the gateway at ${here(address)} is not well: ${said}`);
  stdout.write(`${said}\n`);
  return "ok";
}

async function configured(named: string | undefined, env: Shell["env"]): Promise<string> {
  const path = configPath({ path: named, env });
  const inFile = path === undefined ? undefined : await serverField("opsListen", path, env);
  return (
    env["LLMHUB_OPS_LISTEN"] ||
    (typeof inFile === "string" && inFile) ||
    defaultAddress("opsListen", env["LLMHUB_HOST"])
  );
}

/** Where a gateway that listens on all addresses is reached from its own machine. */
function here(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
}

async function answerOf(url: string): Promise<{ readonly status: number | undefined; readonly said: string }> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof answerOf>>>();
    get(url, { agent: false, signal }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode, said: body.trim() }), reject);
    }).on("error", reject);
    return await promise;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("failure", `no gateway answers ${url}: ${reason}`);
  }
}
