import { type Command, type Exit, exitCodes, type OptionSpec } from "./command.ts";
import type { CommandEntry } from "./commands.ts";

const exitTexts: Readonly<Record<Exit, string>> = {
  ok: "done",
  failure: "failed while running",
  usage: "wrong usage",
  config: "the configuration is invalid",
  unreachable: "the gateway cannot be reached",
  answer: "the gateway answered with an error, or the answer was cut",
  interrupted: "interrupted",
};

/** Help of the whole program. */
export function programHelp(commands: ReadonlyMap<string, CommandEntry>): string {
  const rows = [...commands].map(([name, { summary }]): [string, string] => [name, summary]);
  return `LLM Connector Hub: one gRPC interface to many language models.

Usage:
  llmhub COMMAND [options]

Commands:
${table([...rows, ["help [COMMAND]", "show help"]])}

Options:
${table([
  ["-h, --help", "show help, also after a command"],
  ["--version", "show the version"],
])}

Examples:
  llmhub serve
  llmhub ask "Say hi"

Exit codes:
${exitTable(Object.keys(exitCodes) as Exit[])}
`;
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  const options: [string, string][] = Object.entries(command.options).map(([name, spec]) => [
    flag(name, spec),
    spec.default === undefined ? spec.about : `${spec.about} (default: ${spec.default})`,
  ]);
  return `Usage:
${lines(command.usage.map((form) => `llmhub ${form}`))}

${command.about}

Options:
${table([...options, ["-h, --help", "show this help"]])}

Examples:
${lines(command.examples)}

Exit codes:
${exitTable(["ok", ...command.exits, "usage"])}
`;
}

function flag(name: string, { short, type, value }: OptionSpec): string {
  const long = type === "boolean" ? `--${name}` : `--${name} ${value ?? "VALUE"}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function exitTable(exits: readonly Exit[]): string {
  const sorted = exits.toSorted((a, b) => exitCodes[a] - exitCodes[b]);
  return table(sorted.map((exit): [string, string] => [String(exitCodes[exit]), exitTexts[exit]]));
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return lines(rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `  ${text}`).join("\n");
}
