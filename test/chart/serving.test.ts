import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { freshBundle } from "../../build/bundle.ts";
import { only, render, type Values } from "./manifest.ts";

/** A gateway as a pod of the chart runs it, on ports of this machine that are free. */
class Pod implements AsyncDisposable {
  /** Settles when it has ended, with its code. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  /** What it says before it has a log. */
  problems = "";
  readonly #folder: string;
  readonly #lines: string[] = [];
  #heard = Promise.withResolvers<void>();
  #version = 0;

  private constructor(folder: string, config: string, main: string, env: Record<string, string>) {
    this.#folder = folder;
    this.mount(config);
    const variables = { ...env, LLMHUB_CONFIG: join(folder, "llmhub.yaml"), PATH: process.env["PATH"] };
    this.#process = spawn(process.execPath, [main, "serve"], { env: variables, stdio: ["ignore", "pipe", "pipe"] });
    this.ended = once(this.#process, "exit").then(([code]) => code);
    void this.ended.then(() => this.#heard.resolve());
    this.#process.stderr?.on("data", (bytes) => {
      this.problems += String(bytes);
    });
    if (this.#process.stdout === null) throw new Error("no output to read");
    createInterface(this.#process.stdout).on("line", (line) => {
      this.#lines.push(line);
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    });
  }

  static async start(config: string, env: Record<string, string>): Promise<Pod> {
    const folder = mkdtempSync(join(tmpdir(), "llmhub-pod-"));
    return new Pod(folder, config, await freshBundle(), env);
  }

  /** Puts a configuration where it is mounted, as the kubelet does: by turning one link. */
  mount(config: string): void {
    const version = `..version-${this.#version++}`;
    mkdirSync(join(this.#folder, version));
    writeFileSync(join(this.#folder, version, "llmhub.yaml"), config);
    symlinkSync(version, join(this.#folder, "..new"));
    renameSync(join(this.#folder, "..new"), join(this.#folder, "..data"));
    if (this.#version === 1) symlinkSync("..data/llmhub.yaml", join(this.#folder, "llmhub.yaml"));
  }

  /** Resolves when it has logged a message; rejects if it ends before. */
  async said(message: string): Promise<void> {
    while (!this.#lines.some((line) => line.includes(`"msg":"${message}"`))) {
      if (this.#isGone) throw new Error(`it ended before it said "${message}": ${this.problems}`);
      await this.#heard.promise;
    }
  }

  /** Where it takes calls, once it has said so. */
  get port(): number {
    const line = this.#lines.find((each) => each.includes('"msg":"serving calls"'));
    return Number(
      JSON.parse(line ?? "{}")
        .address?.split(":")
        .at(-1),
    );
  }

  /** As the kubelet ends it. */
  stop(): Promise<number | null> {
    this.#process.kill("SIGTERM");
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isGone) this.#process.kill("SIGKILL");
    await this.ended;
    rmSync(this.#folder, { recursive: true });
  }

  get #isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}

const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of closing.splice(0)) await each[Symbol.asyncDispose]();
});

test("a pod of the chart serves a call with the key that was made, takes over a changed ConfigMap, and ends in time", async () => {
  const ports = { grpc: await freePort(), ops: await freePort() };
  const short = { server: { drain: { delay: "10ms", timeout: "1s" } } };
  const first = await rendered({ ports, config: short });
  const pod = await Pod.start(first.config, first.env);
  closing.push(pod);
  await pod.said("serving calls");

  const { livenessProbe, readinessProbe } = first.container;
  for (const { httpGet } of [livenessProbe, readinessProbe]) {
    expect((await fetch(`http://127.0.0.1:${ports.ops}${httpGet.path}`)).status).toBe(200);
  }
  expect(await call(ports.grpc, first.key)).toBe(200);

  const second = await rendered({ ports, config: short });
  expect(second.key).not.toBe(first.key);
  pod.mount(second.config);
  await pod.said("a new configuration is in use");
  expect([await call(ports.grpc, first.key), await call(ports.grpc, second.key)]).toEqual([401, 200]);
  expect(await pod.stop()).toBe(0);
});

test("of an invalid configuration a new pod ends with code 3, and an old one stays as it is", async () => {
  const { config, env, key } = await rendered({});
  const anywhere = { ...env, LLMHUB_LISTEN: "127.0.0.1:0", LLMHUB_OPS_LISTEN: "127.0.0.1:0" };
  const wrong = config.replace("simulator/gpt", "nobody/gpt");
  const fresh = await Pod.start(wrong, anywhere);
  closing.push(fresh);
  const old = await Pod.start(config, anywhere);
  closing.push(old);
  expect(await fresh.ended).toBe(3);
  expect(fresh.problems).toContain("models.default: names a provider that is not configured");
  await old.said("serving calls");
  old.mount(wrong);
  await old.said("the configuration stays as it was");
  expect(await call(old.port, key)).toBe(200);
});

/** What a pod is given. */
async function rendered(values: Values) {
  const objects = await render({ values });
  const [container] = only(objects, "Deployment")["spec"].template.spec.containers;
  const env = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  const key: string = only(objects, "Secret")["stringData"].key;
  const config: string = only(objects, "ConfigMap")["data"]["llmhub.yaml"];
  return { container, env, key, config };
}

async function call(port: number, key: string): Promise<number> {
  const { status } = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ input: "Say hi" }),
  });
  return status;
}

/** Free a moment ago: the chart takes no 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
