import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freshBundle } from "../build/bundle.ts";
import { CompletionService } from "../gen/llmhub/v1/completion_service_pb.ts";
import { OtlpReceiver } from "./support/otlp-receiver.ts";
import { Program } from "./support/program.ts";
import { root } from "./support/source.ts";

/** The bundle as it is put into an image: beside package.json, and no node_modules anywhere. */
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "llmhub-bundle-"));
  // Other tests may be making the same files anew: what comes and goes then is not needed.
  const stays = (path: string) => !/(?:stamp|\.\d+)$/.test(path);
  cpSync(dirname(await freshBundle()), join(folder, "dist"), { recursive: true, filter: stays });
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

const main = () => join(folder, "dist/main.js");

/** Exit code and output of a command of the bundle. */
function run(...args: readonly string[]): Promise<readonly [code: number, out: string, err: string]> {
  return output(process.execPath, [main(), ...args]);
}

function output(file: string, args: readonly string[]): Promise<readonly [code: number, out: string, err: string]> {
  const env = { PATH: process.env["PATH"] ?? "" };
  return new Promise((resolve) => {
    execFile(file, args, { env }, (error, out, err) => resolve([error === null ? 0 : Number(error.code), out, err]));
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

test("it records calls", async () => {
  await using receiver = await OtlpReceiver.start();
  const path = join(folder, "traced.yaml");
  const sections = {
    server: { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0" },
    auth: { mode: "off" },
    providers: { simulator: {} },
    tracing: { endpoint: receiver.url, interval: "1ms" },
  };
  writeFileSync(path, JSON.stringify(sections));
  await using gateway = new Program([process.execPath, main(), "serve", "--config", path]);
  const said = await gateway.said(/"address":"[^"]+".*serving calls/);
  const url = `http://${/"address":"([^"]+)"/.exec(said)?.[1]}`;
  const body = '{"input":"Say hi"}';
  await fetch(`${url}/v1/completions`, { method: "POST", headers: { "content-type": "application/json" }, body });
  await receiver.until(({ spans }) => spans.length === 2);
});

test("it needs nothing but itself, whatever part is used", async () => {
  const parts = readdirSync(join(folder, "dist/parts")).filter((name) => name.endsWith(".js"));
  const path = join(folder, "every.mjs");
  writeFileSync(path, parts.map((name) => `await import("./dist/parts/${name}");`).join("\n"));
  expect(await output(process.execPath, [path])).toEqual([0, expect.any(String), ""]);
});

test("its files are held in one byte for a character", () => {
  const parts = readdirSync(join(folder, "dist/parts")).filter((name) => name.endsWith(".js"));
  const wide = parts.filter((name) => /[^\0-\xff]/.test(readFileSync(join(folder, "dist/parts", name), "utf8")));
  expect(parts.length).toBeGreaterThan(10);
  expect(wide).toEqual([]);
});

describe("of a small program", () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "llmhub small program-"));
    for (const name of ["src/catalog", "gen"]) mkdirSync(join(place, name), { recursive: true });
    cpSync(join(root, "build"), join(place, "build"), { recursive: true });
    writeFileSync(join(place, "package-lock.json"), "{}");
    writeFileSync(join(place, "package.json"), '{ "type": "module", "version": "1.0.0" }');
    writeFileSync(join(place, "src/catalog/models.generated.json"), "{}");
    writeFileSync(join(place, "src/worker.js"), "");
    writeFileSync(join(place, "src/library.ts"), "export const said: string = 'library';");
    writeFileSync(join(place, "src/extension.ts"), "export const said: string = 'extension';");
    writeFileSync(
      join(place, "src/main.js"),
      'import manifest from "../package.json" with { type: "json" };\nconsole.log(manifest.version);\n',
    );
  });
  afterEach(() => rmSync(place, { recursive: true }));

  const build = () => output(process.execPath, [join(place, "build/main.ts")]);
  const made = () => statSync(join(place, "dist/main.js")).ino;
  const withPackages = () => symlinkSync(join(root, "node_modules"), join(place, "node_modules"));

  test("it is made anew for another version of the package", async () => {
    withPackages();
    expect(await build()).toEqual([0, "", ""]);
    writeFileSync(join(place, "package.json"), '{ "type": "module", "version": "1.0.1" }');
    expect(await build()).toEqual([0, "", ""]);
    expect(await output(process.execPath, [join(place, "dist/main.js")])).toEqual([0, "1.0.1\n", ""]);
  });

  test("it is made once, and not anew because its folder is elsewhere or the times of files are others", async () => {
    withPackages();
    await build();
    const before = made();
    await build();
    expect(made()).toBe(before);
    rmSync(join(place, "node_modules"));
    const old = place;
    place = `${old} moved`;
    renameSync(old, place);
    utimesSync(join(place, "src/main.js"), 1, 1);
    expect(await build()).toEqual([0, "", ""]);
    expect(made()).toBe(before);
  });

  test("what is half made is not taken for the whole, whatever its sources are by then", async () => {
    withPackages();
    await build();
    const main = readFileSync(join(place, "src/main.js"));
    writeFileSync(join(place, "src/main.js"), "console.log(2);\n");
    // A folder where a file is to be: it fails after it has begun.
    const table = join(place, "dist/parts/models.generated.json");
    rmSync(table);
    mkdirSync(table);
    expect(await build()).toEqual([1, "", expect.stringContaining("models.generated.json")]);
    rmSync(table, { recursive: true });
    writeFileSync(join(place, "src/main.js"), main);
    expect(await build()).toEqual([0, "", ""]);
    expect(await output(process.execPath, [join(place, "dist/main.js")])).toEqual([0, "1.0.0\n", ""]);
  });

  test("who has not what it takes to make it is told so", async () => {
    expect(await build()).toEqual([1, "", expect.stringMatching(/^llmhub: .*rolldown.*npm ci.*\n$/)]);
  });
});
