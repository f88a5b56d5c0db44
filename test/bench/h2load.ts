import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf } from "./http-caller.ts";
import { requestOf } from "./request.ts";
import type { Target } from "./target.ts";
import { concurrency } from "./workload.ts";

/** Connections that calls of HTTP/2 are spread over, as the own client spreads them. */
const connections = 4;

/** What h2load tells of a run. */
export interface H2loadSummary {
  readonly calls: number;
  readonly succeeded: number;
  readonly durationMs: number;
  /** Of the bodies of all answers, as they were on the connections. */
  readonly bodyBytes: number;
}

/** Load of whole answers by h2load (nghttp2), which costs less than a client in Node and so leaves more to what is measured. */
export class H2load {
  readonly #cores: string | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "llmhub-h2load-"));

  private constructor(cores: string | undefined) {
    this.#cores = cores;
  }

  /** Undefined where it is not installed. */
  static on(cores: string | undefined): H2load | undefined {
    return spawnSync("h2load", ["--version"]).status === 0 ? new H2load(cores) : undefined;
  }

  /** So many whole answers. Rejects when one of them was not right, as far as h2load sees it: not the status of gRPC. */
  async run(target: Target, calls: number): Promise<{ calls: number; durationMs: number }> {
    const body = join(this.#folder, "body");
    writeFileSync(body, requestOf(target, "unary").body);
    const summary = summaryIn(await outputOf(this.#cores, h2loadWords(target, calls, body)));
    const problem = problemOf(summary, calls, target);
    if (problem !== undefined) throw new Error(`h2load: ${problem}`);
    return summary;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The command. */
export function h2loadWords(target: Target, calls: number, bodyPath: string): readonly string[] {
  const { path, headers } = requestOf(target, "unary");
  const spread =
    target.door === "grpc"
      ? ["-c", `${connections}`, "-m", `${concurrency / connections}`]
      : ["--h1", "-c", `${concurrency}`];
  const named = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  return ["h2load", ...spread, "-n", `${calls}`, "-d", bodyPath, ...named, `${target.url}${path}`];
}

/** Reads what h2load prints at its end. */
export function summaryIn(output: string): H2loadSummary {
  const [, amount, unit] = /^finished in ([\d.]+)(us|ms|s|m)\b/m.exec(output) ?? [];
  const [, calls, succeeded] = /^requests: (\d+) total, .* (\d+) succeeded/m.exec(output) ?? [];
  const [, answered] = /^status codes: (\d+) 2xx/m.exec(output) ?? [];
  const [, bodyBytes] = /^traffic: .*\((\d+)\) data$/m.exec(output) ?? [];
  const msPer: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000, m: 60_000 };
  return {
    calls: Number(calls),
    succeeded: Math.min(Number(succeeded), Number(answered)),
    durationMs: Number(amount) * (msPer[unit ?? ""] ?? Number.NaN),
    bodyBytes: Number(bodyBytes),
  };
}

/** What is wrong with a run. Of gRPC an answer has a body only when it is no error. */
export function problemOf(summary: H2loadSummary, asked: number, target: Target): string | undefined {
  const { calls, succeeded, durationMs, bodyBytes } = summary;
  if (!(calls === asked && succeeded === asked)) return `${succeeded} of ${asked} calls were answered`;
  if (!(durationMs > 0)) return "no duration";
  const each = bodyBytes / calls;
  const { min, max } = target.door === "grpc" ? { min: 20, max: 2000 } : bytesOf(target, "unary");
  return each >= min && each <= max ? undefined : `answers of ${each.toFixed(0)} bytes`;
}

function outputOf(cores: string | undefined, words: readonly string[]): Promise<string> {
  const [program = "", ...rest] = [...(cores === undefined ? [] : ["taskset", "-c", cores]), ...words];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}
