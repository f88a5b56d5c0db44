import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { Program } from "../support/program.ts";
import { root } from "../support/source.ts";

/** A series as Prometheus answers. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, text: string];
}

interface Answer {
  readonly status: "success" | "error";
  readonly error?: string;
  readonly data: {
    readonly resultType: string;
    readonly result: readonly Sample[];
    readonly groups: readonly { readonly rules: readonly { name: string; health: string; lastError?: string }[] }[];
  };
}

/** Prometheus itself, with compose's configuration, but for where the gateway is, where the rules are, and a second for every interval. */
export class Prometheus implements AsyncDisposable {
  readonly #program: Program;
  readonly #folder: string;
  readonly #url: string;

  private constructor(program: Program, folder: string, address: string) {
    this.#program = program;
    this.#folder = folder;
    this.#url = `http://${address}/api/v1`;
  }

  /** @param target host and port of the gateway's metrics. */
  static async start(target: string): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), "llmhub-prometheus-"));
    const config = parse(readFileSync(join(root, "deploy/compose/prometheus.yml"), "utf8"));
    config.global = { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" };
    config.rule_files = [join(root, "helm/llmhub/rules/*.yaml")];
    const [{ dns_sd_configs: _, ...job }] = config.scrape_configs;
    config.scrape_configs = [{ ...job, static_configs: [{ targets: [target] }] }];
    writeFileSync(join(folder, "prometheus.yml"), stringify(config));
    const program = new Program([
      "prometheus",
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--enable-feature=exemplar-storage",
      "--web.listen-address=127.0.0.1:0",
    ]);
    const line = await program.said(/Listening on.*address=\S+/i);
    await program.said(/Server is ready to receive web requests/);
    return new Prometheus(program, folder, /address=([\d.:]+)/.exec(line)?.[1] ?? "");
  }

  /** What a query answers now; a text says why it is none. */
  async ask(query: string): Promise<readonly Sample[] | string> {
    const answer = await this.#get(`query?query=${encodeURIComponent(query)}`);
    if (answer.status !== "success") return String(answer.error);
    return answer.data.resultType === "scalar" ? [] : answer.data.result;
  }

  /** Waits until it has asked the gateway so many times more. */
  async scraped(times: number): Promise<void> {
    const before = await this.#scrapes();
    while ((await this.#scrapes()) < before + times) {
      if (this.#program.isGone) throw new Error(`Prometheus has ended: ${this.#program.output}`);
      await wait(100);
    }
  }

  async #scrapes(): Promise<number> {
    const samples = await this.ask("sum(count_over_time(llmhub_build_info[1h]))");
    if (typeof samples === "string") throw new Error(samples);
    return Number(samples[0]?.value[1] ?? 0);
  }

  /** Rules that Prometheus cannot evaluate, and why. */
  async brokenRules(): Promise<string[]> {
    const { data } = await this.#get("rules");
    const rules = data.groups.flatMap((group) => group.rules);
    return rules.filter(({ health }) => health === "err").map(({ name, lastError }) => `${name}: ${lastError}`);
  }

  async #get(path: string): Promise<Answer> {
    const answer = await fetch(`${this.#url}/${path}`);
    return (await answer.json()) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}
