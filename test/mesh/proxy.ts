import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { Program } from "../support/program.ts";

const examples = join(import.meta.dirname, "../../examples/mesh");
const certificates = join(import.meta.dirname, "../support/certificates");

/** A proxy that the examples have a configuration for. */
export interface ProxyKind {
  readonly name: "envoy" | "haproxy" | "nginx" | "nghttpx";
  readonly config: string;
  /** How it is told to say its version, and to run with a configuration, its own folder being another. */
  readonly version: string;
  readonly words: (config: string, directory: string) => readonly string[];
}

/** All of them. */
export const proxies: readonly ProxyKind[] = [
  {
    name: "envoy",
    config: "envoy.yaml",
    version: "--version",
    words: (config) => ["-c", config, "--use-dynamic-base-id", "--log-level", "warn", "--concurrency", "1"],
  },
  { name: "haproxy", config: "haproxy.cfg", version: "-v", words: (config) => ["-db", "-f", config] },
  { name: "nginx", config: "nginx.conf", version: "-v", words: (config, directory) => ["-p", directory, "-c", config] },
  { name: "nghttpx", config: "nghttpx.conf", version: "--version", words: (config) => [`--conf=${config}`] },
];

/** test() for what needs a proxy, two at once: left out, and said so, where there is none; an error where CI runs. */
export function testWith({ name, version }: ProxyKind) {
  const isAbsent = spawnSync(name, [version]).error !== undefined;
  if (isAbsent && process.env["CI"]) throw new Error(`${name} is not on PATH, and the tests need it`);
  if (isAbsent) process.stderr.write(`${name} is not on PATH: the tests that need it are LEFT OUT\n`);
  return test.skipIf(isAbsent).concurrent;
}

/** A proxy that runs with its example, other ports in place of those in it. */
export class ProxyProcess implements AsyncDisposable {
  readonly #program: Program;
  readonly #directory: string;

  private constructor(program: Program, directory: string) {
    this.#program = program;
    this.#directory = directory;
  }

  /** @param ports by those that stand in the example. */
  static async start({ name, config, words }: ProxyKind, ports: ReadonlyMap<number, number>): Promise<ProxyProcess> {
    const directory = await mkdtemp(join(tmpdir(), `llmhub-${name}-`));
    const path = join(directory, config);
    const text = await readFile(join(examples, config), "utf8");
    const moved = text
      .replace(/\b\d{4,5}\b/g, (port) => String(ports.get(Number(port)) ?? port))
      .replace("/etc/llmhub/tls/callers-ca.pem", `${certificates}/callers/ca.pem`)
      .replaceAll("/etc/llmhub/tls", certificates);
    await writeFile(path, moved);
    return new ProxyProcess(new Program([name, ...words(path, directory)]), directory);
  }

  /** What it has written. */
  get output(): string {
    return this.#program.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#program.signal("SIGTERM");
    await this.#program[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
