import { execFile } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshBundle } from "../build/bundle.ts";
import { CompletionService } from "../gen/llmhub/v1/completion_service_pb.ts";
import { Program } from "./support/program.ts";
import { root } from "./support/source.ts";

/** The bundle as it is put into an image: beside package.json, and no node_modules anywhere. */
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "llmhub-bundle-"));
  cpSync(dirname(await freshBundle()), join(folder, "dist"), { recursive: true });
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

const main = () => join(folder, "dist/main.js");

/** Exit code and output of a command of the bundle. */
function run(...args: readonly string[]): Promise<readonly [code: number, out: string, err: string]> {
  const env = { PATH: process.env["PATH"] ?? "" };
  return new Promise((resolve) => {
    execFile(process.execPath, [main(), ...args], { env }, (error, out, err) =>
      resolve([error === null ? 0 : Number(error.code), out, err]),
    );
  });
}

test("it tells of itself and of mistakes as the sources do", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(await run("--version")).toEqual([0, `${version}\n`, ""]);
  expect(await run("--help")).toEqual([0, expect.stringContaining("check-config"), ""]);
  const path = join(folder, "wrong.yaml");
  writeFileSync(path, "providers: { openai: { apikey: sk } }\n");
  expect(await run("serve", "--config", path)).toEqual([3, "", expect.stringMatching(/wrong\.yaml:1:\d+ .*apiKey/)]);
});

test("it serves over gRPC and HTTP, with an extension and lines for people", async () => {
  const path = join(folder, "hub.yaml");
  const redact = join(root, "examples/extensions/redact.ts");
  const sections = {
    server: { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0" },
    auth: { mode: "off" },
    log: { format: "pretty" },
    providers: { simulator: {} },
    extensions: [{ module: redact }],
  };
  writeFileSync(path, JSON.stringify(sections));
  await using gateway = new Program([process.execPath, main(), "serve", "--config", path]);
  const said = await gateway.said(/calls +\S+[\s\S]*serving calls/);
  const url = `http://${/calls +(\S+)/.exec(said)?.[1]}`;
  const sessionManager = new Http2SessionManager(url);
  const client = createClient(CompletionService, createGrpcTransport({ baseUrl: url, sessionManager }));
  const { warnings } = await client.complete({ input: "Write to ada@example.com" });
  expect(warnings).toMatchObject([{ field: "input" }]);
  sessionManager.abort();
  const answer = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"input":"Say hi"}',
  });
  expect(await answer.json()).toMatchObject({ finishReason: "FINISH_REASON_STOP" });
  expect(await (await fetch(`${url}/openapi.json`)).json()).toHaveProperty("openapi");
});

test("it needs nothing but itself, whatever part is used", async () => {
  const parts = readdirSync(join(folder, "dist/parts")).filter((name) => name.endsWith(".js"));
  const path = join(folder, "every.mjs");
  writeFileSync(path, parts.map((name) => `await import("./dist/parts/${name}");`).join("\n"));
  const [code, , err] = await new Promise<[number, string, string]>((resolve) => {
    execFile(process.execPath, [path], (error, out, err) => resolve([error === null ? 0 : 1, out, err]));
  });
  expect([code, err]).toEqual([0, ""]);
});

test("its files are held in one byte for a character", () => {
  const parts = readdirSync(join(folder, "dist/parts")).filter((name) => name.endsWith(".js"));
  const wide = parts.filter((name) => /[^\0-\xff]/.test(readFileSync(join(folder, "dist/parts", name), "utf8")));
  expect(parts.length).toBeGreaterThan(10);
  expect(wide).toEqual([]);
});

test("it is made once", async () => {
  const stamp = join(dirname(await freshBundle()), "stamp");
  const { mtimeMs } = statSync(stamp);
  await freshBundle();
  expect(statSync(stamp).mtimeMs).toBe(mtimeMs);
});
