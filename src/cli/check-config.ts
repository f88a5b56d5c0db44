import { homedir } from "node:os";
import { addressText } from "../config/address-text.ts";
import { configPath } from "../config/config-path.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { extensionFacts } from "../extensions/module.ts";
import type { Fleet } from "../providers/fleet.ts";
import { providerKinds } from "../providers/index.ts";
import { noWords, readArguments } from "./arguments.ts";
import type { Command, Exit, Shell } from "./command.ts";
import { configProblem } from "./config-problem.ts";
import type { Probe } from "./probe.ts";

const options = {
  config: { type: "string", short: "c", value: "FILE", about: "configuration file; else as for serve" },
  probe: { type: "boolean", about: "also ask each provider whether it lets the gateway in; costs nothing" },
} as const;

/** Says whether the gateway would start with a configuration. */
export const checkConfig: Command = {
  usage: ["check-config [--config FILE] [--probe]"],
  about: `Loads the configuration as \`llmhub serve\` would, with the environment variables and files
that it names, and prints every problem or a summary. Starts nothing; calls nobody without
--probe. Extensions are loaded and check their part of the configuration, but are not opened.`,
  options,
  examples: ["llmhub check-config --config llmhub.yaml", "llmhub check-config --probe"],
  exits: ["failure", "config"],
  run,
};

async function run(args: readonly string[], { env, stdout, stderr }: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  noWords(words);
  const path = values.config;
  const config = await loadConfig({ path, env, kinds: providerKinds, extensions: extensionFacts });
  const { openProviders, probe } = await import("./probe.ts");
  let fleet: Fleet;
  try {
    fleet = await openProviders(config, { env, homeDirectory: homedir(), now: () => Date.now() });
  } catch (error) {
    throw configProblem(error);
  }
  try {
    stdout.write(`valid: ${configPath({ path, env }) ?? "built-in configuration"}\n${summaryOf(config)}`);
    return values.probe === true ? report(await probe(fleet), { stdout, stderr }) : "ok";
  } finally {
    await fleet.retire();
  }
}

/** Prints what the providers said. */
function report(probes: readonly Probe[], { stdout, stderr }: Pick<Shell, "stdout" | "stderr">): Exit {
  for (const { id, credential, said } of probes) {
    const name = credential === undefined ? id : `${id}, credential ${credential},`;
    if (said === "in") stdout.write(`  ${name} answers and lets the gateway in\n`);
    else if (said === "silent") stdout.write(`  ${name} has nothing that can be asked for free\n`);
    else stderr.write(`llmhub: provider ${name} fails: ${said.reason}, ${said.rawMessage}\n`);
  }
  return probes.some(({ said }) => typeof said !== "string") ? "failure" : "ok";
}

function summaryOf({ server, auth, providers, models, extensions }: Config): string {
  const list = (names: ReadonlyMap<string, string>) => [...names].map(([from, to]) => `${from} → ${to}`).join(", ");
  const rows = [
    ["calls", `${addressText(server.listen)}${server.tls === undefined ? "" : ", TLS"}`],
    ...(server.httpListen === undefined ? [] : [["http", addressText(server.httpListen)]]),
    ["operations", addressText(server.opsListen)],
    ["auth", auth.mode === "off" ? "off" : `${auth.keys.length} key${auth.keys.length === 1 ? "" : "s"}`],
    ["providers", providers.map(({ id, kind }) => (id === kind ? id : `${id} (${kind})`)).join(", ")],
    ...(extensions.length === 0 ? [] : [["extensions", extensions.map(({ name }) => name).join(", ")]]),
    ["aliases", list(models.aliases) || "none"],
    ...(models.policies.size === 0 ? [] : [["policies", [...models.policies.keys()].join(", ")]]),
    ...(models.chains.size === 0 ? [] : [["chains", [...models.chains.keys()].join(", ")]]),
    ...(models.patterns.size === 0 ? [] : [["patterns", list(models.patterns)]]),
    ["default", models.default ?? "of the first provider that has one"],
  ];
  return rows.map(([name = "", value]) => `  ${name.padEnd(11)} ${value}\n`).join("");
}
