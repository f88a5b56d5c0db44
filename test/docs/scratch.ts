import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshBundle } from "../../build/bundle.ts";
import { Program } from "../support/program.ts";
import { root } from "../support/source.ts";
import { goToolFolder } from "../tools/go-tools.ts";

const timeoutMs = 60_000;
/** Between two statements in the output of a block. */
const mark = "--- of statement ";

/** What one statement of a block did. */
export interface Statement {
  readonly text: string;
  readonly output: string;
}

/** How a block ended: its exit code, and the statements that it came to. */
export interface Ended {
  readonly code: number;
  readonly statements: readonly Statement[];
  readonly errors: string;
}

/**
 * A folder that looks like a checkout, and a gateway as `npm start` runs it there, without keys and configuration. What
 * commands write stays in the folder, which goes with it.
 */
export class Scratch implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #gateway: Program;
  readonly #addresses: ReadonlyMap<string, string>;

  private constructor(folder: string, env: Readonly<Record<string, string>>, gateway: Program, line: string) {
    const { address, opsAddress, httpAddress = address } = JSON.parse(line);
    this.#folder = folder;
    this.#env = env;
    this.#gateway = gateway;
    this.#addresses = new Map([
      ["127.0.0.1:50051", address],
      ["127.0.0.1:4000", httpAddress],
      ["localhost:4000", httpAddress],
      ["127.0.0.1:9464", opsAddress],
    ]);
  }

  static async open(): Promise<Scratch> {
    const folder = mkdtempSync(join(tmpdir(), "llmhub-docs-"));
    for (const name of readdirSync(root)) if (name !== ".git") symlinkSync(join(root, name), join(folder, name));
    const env = environmentIn(folder);
    const words = [process.execPath, await freshBundle(), "serve"];
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const gateway = new Program(["env", "-i", ...assignments, ...words]);
    return new Scratch(folder, env, gateway, await gateway.said(/^.*"address":.*\n/m));
  }

  /** What a page shows, at the addresses of this gateway. */
  here(shown: string): string {
    let text = shown;
    for (const [usual, own] of this.#addresses) text = text.replaceAll(usual, own);
    return text.replaceAll(/ ask -- /g, ` ask -- --address http://${this.#addresses.get("127.0.0.1:50051")} `);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  /** Runs the statements of a block one after the other, in one shell, up to the first that fails. */
  async shell(block: string): Promise<Ended> {
    const texts = statementsOf(block);
    const script = texts.map((text, i) => `printf '\\n%s\\n' '${mark}${i}'\n${this.here(text)}`).join("\n");
    const { code, out, errors } = await this.#run("bash", ["--norc", "-euo", "pipefail", "-c", script]);
    const parts = out.split(new RegExp(`\\n${mark}\\d+\\n`)).slice(1);
    return { code, errors, statements: parts.map((output, i) => ({ text: texts[i] ?? "", output })) };
  }

  /** Runs a whole program in TypeScript. */
  async program(text: string): Promise<Ended> {
    const args = ["--input-type=module-typescript", "-e", this.here(text)];
    const { code, out, errors } = await this.#run(process.execPath, args);
    return { code, errors, statements: [{ text, output: out }] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #run(program: string, args: readonly string[]): Promise<{ code: number; out: string; errors: string }> {
    const options = { cwd: this.#folder, env: { ...this.#env }, timeout: timeoutMs };
    return new Promise((resolve) => {
      const child = execFile(program, args, options, (error, out, errors) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, out, errors });
      });
      child.stdin?.end();
    });
  }
}

function environmentIn(folder: string): Record<string, string> {
  const home = join(folder, ".home");
  mkdirSync(home);
  // The stand-in for curl comes last: where there is a real one, that one runs.
  const folders = [join(root, "node_modules/.bin"), goToolFolder, process.env["PATH"], join(root, "test/support/bin")];
  return {
    PATH: folders.join(":"),
    HOME: home,
    npm_config_update_notifier: "false",
    LLMHUB_LISTEN: "127.0.0.1:0",
    LLMHUB_HTTP_LISTEN: "127.0.0.1:0",
    LLMHUB_OPS_LISTEN: "127.0.0.1:0",
    LLMHUB_LOG_FORMAT: "json",
  };
}

/** Lines of a block, those together that a backslash, a quote or a here-document joins. Comments are left out. */
export function statementsOf(block: string): string[] {
  const statements: string[] = [];
  let open = "";
  for (const line of block.trimEnd().split("\n")) {
    open = open === "" ? line : `${open}\n${line}`;
    if (isOpen(open)) continue;
    if (!/^\s*(?:#|$)/.test(open)) statements.push(open);
    open = "";
  }
  return open === "" ? statements : [...statements, open];
}

function isOpen(text: string): boolean {
  if (/\\$|(?:&&|\||\{|\bdo|\bthen)$/.test(text)) return true;
  const end = /<<-?\s*['"]?(\w+)['"]?/.exec(text)?.[1];
  if (end !== undefined) return !new RegExp(`^${end}$`, "m").test(text);
  return (text.match(/(?<!\\)'/g)?.length ?? 0) % 2 === 1;
}
