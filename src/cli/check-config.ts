import { homedir } from "node:os";
import { addressText } from "../config/address-text.ts";
import { configPath, loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { providerKinds } from "../providers/index.ts";
import { noWords, readArguments } from "./arguments.ts";
import type { Command, Exit, Shell } from "./command.ts";

const options = {
  config: { type: "string", short: "c", value: "FILE", about: "configuration file; else LLMHUB_CONFIG, else built-in" },
  probe: { type: "boolean", about: "also ask each provider whether it takes the key; costs nothing" },
} as const;

/** Says whether the gateway would start with a configuration. */
export const checkConfig: Command = {
  usage: ["check-config [--config FILE] [--probe]"],
  about: `Loads the configuration as \`llmhub serve\` would, with the environment variables and files
that it names, and prints every problem or a summary. Starts nothing; calls nobody without
--probe.`,
  options,
  examples: ["llmhub check-config --config llmhub.yaml", "llmhub check-config --probe"],
  exits: ["failure", "config"],
  run,
};

async function run(args: readonly string[], { env, stdout, stderr }: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  noWords(words);
  const path = values.config;
  const config = await loadConfig({ path, env, kinds: providerKinds });
  stdout.write(`valid: ${configPath({ path, env }) ?? "built-in configuration"}\n${summaryOf(config)}`);
  if (values.probe !== true) return "ok";
  const { probe } = await import("./probe.ts");
  const probes = await probe(config, { env, homeDirectory: homedir(), now: () => Date.now() });
  for (const { id, error } of probes) {
    if (error === undefined) stdout.write(`  ${id} answers and takes the key\n`);
    else stderr.write(`llmhub: provider ${id} fails: ${error.reason}, ${error.rawMessage}\n`);
  }
  return probes.some(({ error }) => error !== undefined) ? "failure" : "ok";
}

function summaryOf({ server, auth, providers, models }: Config): string {
  const aliases = [...models.aliases].map(([alias, target]) => `${alias} → ${target}`);
  const rows = [
    ["calls", `${addressText(server.listen)}${server.tls === undefined ? "" : ", TLS"}`],
    ["operations", addressText(server.opsListen)],
    ["auth", auth.mode === "off" ? "off" : `${auth.keys.length} key${auth.keys.length === 1 ? "" : "s"}`],
    ["providers", providers.map(({ id, kind }) => (id === kind ? id : `${id} (${kind})`)).join(", ")],
    ["aliases", aliases.join(", ") || "none"],
    ["default", models.default ?? "of the first provider that has one"],
  ];
  return rows.map(([name = "", value]) => `  ${name.padEnd(11)} ${value}\n`).join("");
}
