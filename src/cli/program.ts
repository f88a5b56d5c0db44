import { ConfigError } from "../config/config-error.ts";
import { didYouMean } from "../config/suggestion.ts";
import { version } from "../version.ts";
import { CommandError, type Exit, exitCodes, type Shell } from "./command.ts";
import { type CommandEntry, commands } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";

const helpFlags = new Set(["--help", "-h"]);

/** Runs one command line and gives the exit code. Never rejects: failures become a message on stderr. */
export async function runProgram(args: readonly string[], shell: Shell): Promise<number> {
  try {
    return exitCodes[await dispatch(args, shell)];
  } catch (error) {
    return exitCodes[report(error, args[0], shell)];
  }
}

async function dispatch([name, ...args]: readonly string[], shell: Shell): Promise<Exit> {
  if (name === undefined) {
    shell.stderr.write(programHelp(commands));
    return "usage";
  }
  if (name === "--version") {
    shell.stdout.write(`${version()}\n`);
    return "ok";
  }
  if (name === "help" || helpFlags.has(name)) return help(args[0], shell);
  const entry = entryOf(name);
  const end = args.indexOf("--");
  const flags = end === -1 ? args : args.slice(0, end);
  if (flags.some((arg) => helpFlags.has(arg))) return help(name, shell);
  return (await entry.load()).run(args, shell);
}

async function help(name: string | undefined, shell: Shell): Promise<Exit> {
  shell.stdout.write(name === undefined ? programHelp(commands) : commandHelp(await entryOf(name).load()));
  return "ok";
}

function entryOf(name: string): CommandEntry {
  const entry = commands.get(name);
  if (entry !== undefined) return entry;
  throw new CommandError("usage", `unknown command ${name}${didYouMean(name, commands.keys())}`);
}

function report(error: unknown, name: string | undefined, { stderr }: Shell): Exit {
  if (error instanceof ConfigError) {
    stderr.write(`llmhub: the configuration is invalid:\n${error.message}\n`);
    return "config";
  }
  if (!(error instanceof CommandError)) {
    stderr.write(`llmhub: unexpected failure: ${error instanceof Error ? error.message : String(error)}\n`);
    return "failure";
  }
  stderr.write(`llmhub: ${error.message}\n`);
  if (error.exit === "usage") {
    const topic = name !== undefined && commands.has(name) ? ` ${name}` : "";
    stderr.write(`Run \`llmhub help${topic}\` to see what is possible.\n`);
  }
  return error.exit;
}
