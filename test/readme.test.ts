import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** Lines of the shell blocks that can be pasted while a gateway runs; starting it, testing, and grpcurl run elsewhere. */
const lines = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```/gms)]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .filter((line) => !/^(npm ci|grpcurl)/.test(line));

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
  gateway = spawn(process.execPath, ["src/main.js", "serve"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
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

test("README has lines to paste", () => {
  expect(lines.length).toBeGreaterThan(8);
});

test.each(lines)(
  "%s",
  async (line) => {
    const here = line
      .replaceAll("127.0.0.1:50051", addresses.calls)
      .replaceAll("127.0.0.1:9464", addresses.ops)
      .replace(/ ask -- /, ` ask -- --address http://${addresses.calls} `);
    const { stdout } = await run("sh", ["-c", here], { cwd: root, env, timeout: 20_000 });
    expect(stdout.trim()).not.toBe("");
    expect(stdout).not.toMatch(/^\{"code":/);
  },
  30_000,
);
