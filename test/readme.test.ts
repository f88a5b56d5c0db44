import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshBundle } from "../build/bundle.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** README and the pages beside it. */
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

/** Blocks of code in a language. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"));
  return [...blocks].map(([, block = ""]) => block.trim());
}

/** Lines of the shell blocks that can be pasted while a gateway runs; starting it, testing, and grpcurl run elsewhere. */
const lines = pages
  .flatMap((page) => blocksOf(page, "sh"))
  .flatMap((block) => block.split("\n"))
  .filter((line) => !/^(npm ci|grpcurl)/.test(line));

/** Whole programs; README shows parts of some. */
const programs = pages.filter((page) => page !== "README.md").flatMap((page) => blocksOf(page, "ts"));

const env = {
  ...process.env,
  // The stand-in for curl comes last: where there is a real one, that one runs.
  PATH: [join(root, "node_modules/.bin"), process.env["PATH"], join(root, "test/support/bin")].join(":"),
  LLMHUB_LISTEN: "127.0.0.1:0",
  LLMHUB_HTTP_LISTEN: "127.0.0.1:0",
  LLMHUB_OPS_LISTEN: "127.0.0.1:0",
  LLMHUB_LOG_FORMAT: "pretty",
};

let gateway: ReturnType<typeof spawn>;
let addresses: { calls: string; ops: string };

beforeAll(async () => {
  gateway = spawn(process.execPath, [await freshBundle(), "serve"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (gateway.stdout === null) throw new Error("no output to read");
  let text = "";
  for await (const line of createInterface(gateway.stdout)) {
    text += `${line}\n`;
    if (line.startsWith("Try:")) break;
  }
  const calls = /calls +(\S+)/.exec(text)?.[1] ?? "";
  const ops = /operations +http:\/\/([^/]+)\//.exec(text)?.[1] ?? "";
  addresses = { calls, ops };
}, 30_000);

afterAll(() => {
  gateway.kill("SIGKILL");
});

test("the pages have lines to paste", () => {
  expect(lines.length).toBeGreaterThan(12);
  expect(programs.length).toBeGreaterThan(4);
});

/** What a page shows, at the addresses of this gateway. */
function here(shown: string): string {
  return shown
    .replaceAll("127.0.0.1:50051", addresses.calls)
    .replaceAll("localhost:4000", addresses.calls)
    .replaceAll("127.0.0.1:9464", addresses.ops);
}

test.each(lines)(
  "%s",
  async (line) => {
    const command = here(line).replace(/ ask -- /, ` ask -- --address http://${addresses.calls} `);
    const { stdout } = await run("sh", ["-c", command], { cwd: root, env, timeout: 20_000 });
    expect(stdout.trim()).not.toBe("");
    expect(stdout).not.toMatch(/^\{"(code|error|type":"error)"/);
  },
  30_000,
);

test.each(programs.map((program) => [program.split("\n", 1)[0], program] as const))(
  "%s",
  async (_import, program) => {
    const args = ["--input-type=module-typescript", "-e", here(program)];
    const { stdout } = await run(process.execPath, args, { cwd: root, env, timeout: 30_000 });
    expect(stdout.trim()).not.toBe("");
  },
  40_000,
);
