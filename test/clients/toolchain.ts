import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Language, Words } from "./languages.ts";

const root = join(import.meta.dirname, "../..");
/** Longest time for a command: a first build downloads and compiles everything. */
const commandMaxMs = 600_000;

/** Of the commands that a language needs, those that the machine lacks. */
export function missing({ needs }: Language): readonly string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return needs.filter((command) => !folders.some((folder) => isExecutable(join(folder, command))));
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
