import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshBundle } from "../../build/bundle.ts";
import { metricIn } from "../support/exposition.ts";
import { Program } from "../support/program.ts";

/** Where a replica listens, whichever process it is just now. */
export interface Place {
  readonly port: number;
  readonly opsPort: number;
}

/** Sections of a configuration file. */
export interface Sections {
  readonly server?: object;
  readonly [section: string]: unknown;
}

/** A replica of the gateway: a process that is replaced by another at the same place. */
export class Replica implements AsyncDisposable {
  readonly #place: Place;
  readonly #path: string;
  readonly #directory: string;
  #program: Program | undefined;

  private constructor(place: Place, directory: string) {
    this.#place = place;
    this.#directory = directory;
    this.#path = join(directory, "llmhub.yaml");
  }

  static async start(place: Place, { server, ...sections }: Sections): Promise<Replica> {
    const replica = new Replica(place, await mkdtemp(join(tmpdir(), "llmhub-replica-")));
    const addresses = { listen: `127.0.0.1:${place.port}`, opsListen: `127.0.0.1:${place.opsPort}` };
    const usual = { auth: { mode: "off" }, log: { format: "json", level: "warn" }, overload: { enabled: false } };
    // JSON is YAML.
    await writeFile(replica.#path, JSON.stringify({ ...usual, ...sections, server: { ...addresses, ...server } }));
    await replica.#run();
    return replica;
  }

  /** What a deployment does with a pod: it is told to end, ends well, and another takes its place. */
  async replace(): Promise<void> {
    const program = this.#program;
    program?.signal("SIGTERM");
    const exit = await program?.exit();
    if (exit !== 0) throw new Error(`the replica ended with ${exit}: ${program?.output}`);
    await this.#run();
  }

  /** The same as of a TestGateway, since the process was started. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#place.opsPort}/metrics`);
    return metricIn(await response.text(), name, labels);
  }

  /** What it has written of note. */
  get output(): string {
    return this.#program?.output ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    this.#program = new Program([process.execPath, await freshBundle(), "serve", "--config", this.#path]);
    await until(async () => {
      if (this.#program?.isGone === true) throw new Error(`a replica does not start: ${this.#program.output}`);
      return (await fetch(`http://127.0.0.1:${this.#place.opsPort}/readyz`)).ok;
    });
  }
}

/** Asks until the answer is yes; a question that fails is asked again. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const answer = await isSo().catch((error: unknown) => (tries >= triesMax ? Promise.reject(error) : false));
    if (answer) return;
    if (tries >= triesMax) throw new Error(`it is not so: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const triesMax = 300;
const pauseMs = 100;
