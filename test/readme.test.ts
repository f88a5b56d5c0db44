import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshBundle } from "../build/bundle.ts";
import { documentation } from "./docs/page.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

const blocks = documentation().flatMap((page) => page.blocks);

/** Lines of the shell blocks that can be pasted while a gateway runs; starting it, testing, and grpcurl run elsewhere. */
const lines = [
  ...new Set(blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => text.trim().split("\n"))),
].filter((line) => !/^(npm ci|grpcurl)/.test(line));

/** Whole programs. */
const programs = blocks.filter(({ language }) => language === "ts").map(({ text }) => text);

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
