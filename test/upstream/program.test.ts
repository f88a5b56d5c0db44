import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import type { Invocation } from "../../src/model/invocation.ts";
import type { Controller, Handler } from "../../src/upstream/carrier.ts";
import { Program } from "../../src/upstream/program.ts";
import { ClaudeProgram, prompt, Watch } from "../support/claude-program.ts";
import type { Step } from "../support/fake-claude.ts";

/** Hears a run to its end. */
class Listener implements Handler {
  readonly ended = Promise.withResolvers<void>();
  readonly begun = Promise.withResolvers<Controller>();
  status = 0;
  body = "";
  error: unknown;
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  onRequestStart(): void {}

  onResponseStart(controller: Controller, status: number): void {
    this.status = status;
    this.begun.resolve(controller);
  }

  onResponseData(_controller: Controller, bytes: Buffer): void {
    this.body += bytes.toString();
  }

  onResponseEnd(): void {
    this.#end();
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.error = error;
    this.#end();
  }

  #end(): void {
    this.#program.release();
    this.ended.resolve();
  }
}

const open = (path: string) => new Program({ program: path, environment: { LANG: "C" }, processesMax: 2 });

function post(program: Program, rest: Partial<Invocation>): Listener {
  const listener = new Listener(program);
  const body: Invocation = { arguments: [], environment: {}, input: "", files: { "system.txt": "" }, ...rest };
  program.post({ path: "", body: JSON.stringify(body), headers: undefined, fresh: false }, listener);
  return listener;
}

function saying(...steps: readonly Step[]): string {
  return JSON.stringify({ message: { content: [{ text: prompt(...steps) }] } });
}

test("a program whose output is not taken waits, and goes on when it is", async () => {
  await using fake = await ClaudeProgram.install();
  await using watch = await Watch.open();
  const program = open(fake.path);
  const steps: Step[] = [{ print: "{}\n" }, { print: "x".repeat(1_000_000) }, { call: watch.port }, { exit: 0 }];
  const held = post(program, { input: saying(...steps) });
  const controller = await held.begun.promise;
  controller.pause();
  // Meanwhile another one comes and goes.
  await post(program, { input: saying({ answer: "Hello" }) }).ended.promise;
  expect(watch.count).toBe(0);
  controller.resume();
  await held.ended.promise;
  expect([watch.count, held.status, held.body.length, held.error]).toEqual([1, 200, 1_000_003, undefined]);
  await program.close();
});

test("a program that reads nothing of its input is no trouble", async () => {
  const program = open("/bin/true");
  const listener = post(program, { input: "x".repeat(1_000_000) });
  await listener.ended.promise;
  expect(listener.status).toBe(500);
  expect(JSON.parse(listener.body)).toEqual({ exitCode: 0, signal: null, output: "" });
  await program.close();
});

test("what a program says before it fails is told without control signs, and not without end", async () => {
  await using fake = await ClaudeProgram.install();
  const program = open(fake.path);
  const complain = `\u001b[1;31mno\u001b[0m\u0007 ${"é".repeat(200_000)}`;
  const listener = post(program, { input: saying({ print: "so " }, { complain }, { exit: 4 }) });
  await listener.ended.promise;
  const { exitCode, output } = JSON.parse(listener.body);
  expect([exitCode, output.slice(0, 9), output.length]).toEqual([4, "so no ééé", 16 * 1024]);
  expect(Buffer.byteLength(listener.body)).toBeLessThan(64 * 1024);
  await program.close();
});

test("an invocation that the system refuses is the program's failure", async () => {
  const program = open("/bin/true");
  const listener = post(program, { environment: { LONG: "x".repeat(1_000_000) } });
  await listener.ended.promise;
  expect(listener.error).toBeInstanceOf(GatewayError);
  expect(listener.error).toMatchObject({ reason: "PROVIDER_UNAVAILABLE", info: { cause: "program" } });
  const wrong = post(program, { arguments: ["\0"] });
  await wrong.ended.promise;
  expect(wrong.error).toMatchObject({ reason: "PROVIDER_UNAVAILABLE", info: { cause: "program" } });
  await program.close();
});

test("a question with one argument is answered, or is an outage", async () => {
  await using fake = await ClaudeProgram.install();
  const program = open(fake.path);
  const { signal } = new AbortController();
  expect(await program.request("--version", undefined, {}, signal)).toMatchObject({
    status: 200,
    body: "2.1.332 (Claude Code)\n",
  });
  await program.close();
  const broken = open("/bin/false");
  await expect(broken.request("--version", undefined, {}, signal)).rejects.toMatchObject({
    reason: "PROVIDER_UNAVAILABLE",
  });
  const gone = AbortSignal.abort();
  await expect(broken.request("--version", undefined, {}, gone)).rejects.toThrow("aborted");
  await broken.close();
});

test("closing waits for what runs, and leaves no directory and no listener", async () => {
  await using fake = await ClaudeProgram.install();
  const listeners = process.listenerCount("exit");
  const program = open(fake.path);
  expect(process.listenerCount("exit")).toBe(listeners + 1);
  const runs = [1, 2, 3].map(() => post(program, { input: saying({ report: true }) }));
  await program.close();
  expect(runs.map(({ status }) => status)).toEqual([200, 200, 200]);
  const directories = runs.map(({ body }) => /llmhub-program-\w+/.exec(body)?.[0]);
  expect(new Set(directories).size).toBe(1);
  expect(await readdir(tmpdir())).not.toContain(directories[0]);
  expect(process.listenerCount("exit")).toBe(listeners);
});

test("a gateway that ends without closing takes its processes along", async () => {
  await using fake = await ClaudeProgram.install();
  await using watch = await Watch.open();
  const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const body = JSON.stringify({
    arguments: [],
    environment: {},
    files: {},
    input: saying({ deaf: true }, { call: watch.port }, { print: "{}\n" }, { hang: true }),
  });
  const gateway = `
    import { Program } from ${from("../../src/upstream/program.ts")};
    const program = new Program({ program: ${JSON.stringify(fake.path)}, environment: {}, processesMax: 1 });
    program.post({ body: ${JSON.stringify(body)} }, { onRequestStart() {}, onResponseStart: () => process.exit(3) });
  `;
  const running = promisify(execFile)(process.execPath, ["--input-type=module", "-e", gateway]);
  const { gone } = await watch.next();
  await expect(running).rejects.toMatchObject({ code: 3 });
  await gone;
});
