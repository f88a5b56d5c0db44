import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { freshBundle } from "../../build/bundle.ts";
import { runProgram } from "../../src/cli/program.ts";
import { FakeShell } from "./fake-shell.ts";

const main = await freshBundle();
/** Nothing of the machine's own settings, so that no provider is called. */
const env = { PATH: process.env["PATH"] ?? "" };

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  return { child, out: text(child.stdout), err: text(child.stderr), exit: once(child, "exit").then(([code]) => code) };
}

test("the version is that of the package", async () => {
  const { out, exit } = start(["--version"]);
  expect([await exit, await out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

test("wrong usage ends with 2 and without a stack trace", async () => {
  const { out, err, exit } = start(["ask", "--nope"]);
  expect(await exit).toBe(2);
  expect(await out).toBe("");
  expect(await err).not.toMatch(/\n\s+at /);
});

test("serve answers, logs JSON only, and SIGTERM ends it well", async () => {
  const { child, out, exit } = start([
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--http-listen",
    "127.0.0.1:0",
    "--ops-listen",
    "127.0.0.1:0",
  ]);
  try {
    const shell = new FakeShell();
    expect(await runProgram(["ask", "--address", await addressOf(child.stdout), "Say hi"], shell)).toBe(0);
    expect(shell.out).not.toBe("");
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    for (const line of (await out).trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("level");
  } finally {
    child.kill("SIGKILL");
  }
});

/** The address for calls, once the log tells it. */
function addressOf(stdout: Readable): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let log = "";
  stdout.on("data", (piece) => {
    log += String(piece);
    const address = /"address":"([^"]+)"/.exec(log)?.[1];
    if (address !== undefined) resolve(address);
  });
  stdout.once("end", () => reject(new Error(`the gateway ended without an address in its log: ${log}`)));
  return promise;
}
