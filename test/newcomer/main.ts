// npm run test:newcomer: follows docs/getting-started.md to the letter in a clean folder, from the clone to the first
// answers, and tells how long that took. What it clones is the last commit. Needs git, and a registry for npm.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const own = "run-by: test/newcomer/main.ts";
const page = readFileSync(join(root, "docs/getting-started.md"), "utf8");
const blocks = [...page.matchAll(/^```sh *([^\n]*)\n(.*?)^```/gms)].map(([, note, text = ""]) => ({ note, text }));
const [clone, start] = blocks.filter(({ note }) => note === own);
const ask = blocks.find(({ note }) => note === "");
if (clone === undefined || start === undefined || ask === undefined)
  throw new Error("the page has lost its first steps");

const folder = mkdtempSync(join(tmpdir(), "llmhub-newcomer-"));
const listen = `127.0.0.1:${await freePort()}`;
const env = newcomersEnvironment();
const begunMs = performance.now();
let terminal: ChildProcess | undefined;
try {
  const [cloneLine, ...rest] = clone.text.replace("ADDRESS", root).trim().split(" && ");
  shell(`${cloneLine} --quiet`, folder);
  const checkout = join(folder, rest.join("").replace(/^cd /, ""));
  told("cloned");
  terminal = spawn("bash", ["-c", start.text], {
    cwd: checkout,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await said(terminal, "Try:");
  told("running");
  for (const line of ask.text.trim().split("\n")) {
    const command = line.replace(" ask -- ", ` ask -- --address http://${listen} `);
    const answer = shell(command, checkout);
    if (answer.trim() === "") throw new Error(`${line} answers nothing`);
    told(`answered ${JSON.stringify(answer.trim())}`);
  }
} finally {
  if (terminal?.pid !== undefined && terminal.exitCode === null) process.kill(-terminal.pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  told("cleared away");
}

function told(what: string): void {
  process.stdout.write(`${((performance.now() - begunMs) / 1000).toFixed(1).padStart(6)} s  ${what}\n`);
}

function shell(command: string, directory: string): string {
  return execFileSync("bash", ["-c", command], {
    cwd: directory,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Resolves when a program has written a text; rejects if it ends before. */
async function said(program: ChildProcess, text: string): Promise<void> {
  let output = "";
  for await (const bytes of program.stdout ?? []) {
    output += String(bytes);
    if (output.includes(text)) return void program.stdout?.resume();
  }
  throw new Error(`it ended without "${text}": ${output}`);
}

/** The environment without what `npm run` and this checkout put into it, and without keys of providers. */
function newcomersEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_(?!config_(?:registry|cache)$)|LLMHUB_|NODE)|_API_KEY$|^INIT_CWD$/.test(name),
  );
  const path = (process.env["PATH"] ?? "").split(":").filter((entry) => !entry.includes("node_modules"));
  const addresses = { LLMHUB_LISTEN: listen, LLMHUB_HTTP_LISTEN: "127.0.0.1:0", LLMHUB_OPS_LISTEN: "127.0.0.1:0" };
  return { ...Object.fromEntries(kept), PATH: path.join(":"), ...addresses, LLMHUB_LOG_FORMAT: "pretty" };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
