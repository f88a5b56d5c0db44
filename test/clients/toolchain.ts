import { spawn, spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { isInstalled } from "../support/installed.ts";
import type { Language, Words } from "./languages.ts";

const root = join(import.meta.dirname, "../..");
/** Longest time for a command: a first build downloads and compiles everything. */
const commandMaxMs = 600_000;

/** Of the commands that a language needs, those that the machine lacks, or has in a version that is too old. */
export function missing({ needs, atLeast }: Language): readonly string[] {
  const lacking = needs.filter((command) => !isInstalled(command));
  if (atLeast === undefined || lacking.length > 0) return lacking;
  const [command, ...args] = atLeast.asked;
  const found = /\d+(\.\d+)*/.exec(spawnSync(command, args, { encoding: "utf8" }).stdout)?.[0] ?? "0";
  const isOld = found.localeCompare(atLeast.version, "en", { numeric: true }) < 0;
  return isOld ? [`${command} ${atLeast.version} or newer (it is ${found})`] : [];
}

/** Runs a command in a language's folder, each line that it writes handed on; answers how it failed, if it did. */
export async function run(
  language: Language,
  [command, ...args]: Words,
  env: Readonly<Record<string, string>>,
  heard: (line: string) => void,
): Promise<string | undefined> {
  const child = spawn(command, args, {
    cwd: join(import.meta.dirname, language.name),
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"]}`,
      ...language.env,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: commandMaxMs,
  });
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", heard);
  return await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? undefined : `it ended with ${code ?? signal}`));
  });
}
