import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { temporaryDirectory } from "../config/files.ts";
import { FakeShell } from "./fake-shell.ts";

let isReady = true;
const server = createServer(({ url }, response) => {
  const isGood = url === "/livez" || isReady;
  response.writeHead(isGood ? 200 : 503).end(`${url === "/livez" ? "ok" : `{"ready":${isReady}}`}\n`);
});
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  isReady = true;
});
afterAll(() => {
  server.close();
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const shell = new FakeShell({ env });
  return [await runProgram(["health", ...args], shell), shell.out, shell.err];
}

test("a gateway that takes calls is well", async () => {
  expect(await run(["--ops-address", `127.0.0.1:${port}`])).toEqual([0, '{"ready":true}\n', ""]);
});

test("one that does not is not, but lives", async () => {
  isReady = false;
  const address = `127.0.0.1:${port}`;
  const said = `llmhub: the gateway at ${address} is not well: {"ready":false}\n`;
  expect(await run(["--ops-address", address])).toEqual([1, "", said]);
  expect(await run(["--live", "--ops-address", address])).toEqual([0, "ok\n", ""]);
});

test("its port is found as the gateway itself finds it, also where that listens everywhere", async () => {
  await using directory = await temporaryDirectory();
  const file = await directory.write("hub.yaml", `server: { opsListen: "0.0.0.0:${port}" }`);
  expect((await run(["--config", file]))[0]).toBe(0);
  expect((await run([], { LLMHUB_CONFIG: file }))[0]).toBe(0);
  expect((await run([], { LLMHUB_OPS_LISTEN: `0.0.0.0:${port}` }))[0]).toBe(0);
  expect((await run(["-c", file], { LLMHUB_OPS_LISTEN: "127.0.0.1:1" }))[0]).toBe(1);
});

test("none at all is a failure that says where it was looked for", async () => {
  expect(await run([], { LLMHUB_OPS_LISTEN: "[::]:1" })).toEqual([
    1,
    "",
    expect.stringMatching(/^llmhub: no gateway answers http:\/\/\[::1\]:1\/readyz: .+\n$/),
  ]);
  expect((await run(["--ops-address", "9464"]))[0]).toBe(2);
});
