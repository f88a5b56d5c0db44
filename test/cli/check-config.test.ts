import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { temporaryDirectory } from "../config/files.ts";
import { FakeShell } from "./fake-shell.ts";

test("--probe asks each provider with its key, and says who fails", async () => {
  const keys: (string | undefined)[] = [];
  await using server = createServer((request, response) => {
    keys.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === "Bearer good" ? 200 : 401).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const provider = (key: string) =>
    `{ kind: openai-compatible, apiKey: ${key}, baseUrl: "http://127.0.0.1:${port}/v1" }`;
  await using directory = await temporaryDirectory();
  const silent = '{ kind: perplexity, apiKey: k, baseUrl: "http://127.0.0.1:1" }';
  const yaml = `auth: { mode: off }\nproviders: { one: ${provider("good")}, two: ${provider("bad")}, p: ${silent}, simulator: }`;
  const path = await directory.write("hub.yaml", yaml);
  const shell = new FakeShell();
  expect(await runProgram(["check-config", "--config", path, "--probe"], shell)).toBe(1);
  expect(keys.toSorted()).toEqual(["Bearer bad", "Bearer good"]);
  expect(shell.out).toContain("  one answers and lets the gateway in\n  p has nothing that can be asked for free\n");
  expect(shell.err).toMatch(/provider two fails: PROVIDER_CREDENTIAL_INVALID/);
});

test("--probe asks with each credential of a provider, and names those that fail", async () => {
  await using server = createServer((request, response) => {
    response.writeHead(request.headers.authorization === "Bearer good" ? 200 : 401).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const credentials = "[{ name: blue, apiKey: good }, { name: green, apiKey: bad }]";
  const one = `{ kind: openai-compatible, credentials: ${credentials}, baseUrl: "http://127.0.0.1:${port}/v1" }`;
  await using directory = await temporaryDirectory();
  const path = await directory.write("hub.yaml", `auth: { mode: off }\nproviders: { one: ${one} }`);
  const shell = new FakeShell();
  expect(await runProgram(["check-config", "--config", path, "--probe"], shell)).toBe(1);
  expect(shell.out).toContain("  one, credential blue, answers and lets the gateway in\n");
  expect(shell.err).toMatch(/provider one, credential green, fails: PROVIDER_CREDENTIAL_INVALID/);
});

test.each([
  ["check-config", []],
  ["serve", ["--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]],
])("%s tells of settings whose values cannot work", async (command, flags) => {
  await using directory = await temporaryDirectory();
  const bedrock = "{ settings: { region: us-east-1, api: nonsense } }";
  const path = await directory.write("hub.yaml", `auth: { mode: off }\nproviders: { bedrock: ${bedrock} }`);
  const shell = new FakeShell();
  expect(await runProgram([command, "--config", path, ...flags], shell)).toBe(3);
  expect(shell.out).toBe("");
  expect(shell.err).toMatch(/^llmhub: the configuration cannot work: .*settings\.api/);
});

test("extensions are loaded and check their configuration, and none is opened", async () => {
  await using directory = await temporaryDirectory();
  const schema = `{ "~standard": { version: 1, vendor: "own",
    validate: (value) => ("a" in value ? { value } : { issues: [{ message: "is missing", path: ["a"] }] }) } }`;
  const init = '() => { throw new Error("it is opened"); }';
  await directory.write(
    "own.js",
    `export const extension = { apiVersion: 1, name: "own", schema: ${schema}, init: ${init} };`,
  );
  const yaml = (config: string) =>
    `auth: { mode: off }\nproviders: { simulator: }\nextensions: [{ module: ./own.js, config: ${config} }]`;
  const path = await directory.write("hub.yaml", yaml("{ a: 1 }"));
  const shell = new FakeShell();
  expect(await runProgram(["check-config", "--config", path], shell)).toBe(0);
  expect(shell.out).toContain("  extensions  own\n");
  await directory.write("hub.yaml", yaml("{ b: 1 }"));
  expect(await runProgram(["check-config", "--config", path], shell)).toBe(3);
  expect(shell.err).toContain("extensions[0].config.a: is missing");
});
