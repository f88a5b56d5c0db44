import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
const tickMs = 10;

/** What is special about a process. */
export interface ChildOptions {
  /** Absent: this Node. */
  readonly program?: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** A process that is measured, or takes part in it, on the cores it was given. */
export class Child {
  readonly process: ChildProcess;

  /**
   * @param cores list of cores as taskset takes it; undefined for any core.
   * @param args what follows the program.
   */
  constructor(cores: string | undefined, args: readonly string[], options: ChildOptions = {}) {
    const { program = process.execPath, env = {}, directory } = options;
    const [first = "", ...rest] = [...(cores === undefined ? [] : ["taskset", "-c", cores]), program, ...args];
    this.process = spawn(first, rest, {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      env: { ...process.env, ...env },
      ...(directory !== undefined && { cwd: directory }),
    });
    // The log is read and thrown away, as by a collector that keeps up.
    this.process.stdout?.resume();
  }

  /** A process of a TypeScript file, given as a URL. */
  static of(cores: string | undefined, file: URL, ...args: readonly string[]): Child {
    return new Child(cores, [fileURLToPath(file), ...args]);
  }

  /** The next message that it sends. Rejects when it ends instead. */
  message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`${this.process.spawnargs.join(" ")} ended (${code})`));
      this.process.once("exit", ended);
      this.process.once("message", (message) => {
        this.process.off("exit", ended);
        resolve(message as T);
      });
    });
  }

  send(message: object | string): void {
    this.process.send(message);
  }

  /** User and system time of all its threads so far, in steps of 10 ms. */
  cpuMs(): number {
    return cpuMsOf(`${this.process.pid}`);
  }

  /** The same, together with that of the processes that it has started and that run. */
  familyCpuMs(): number {
    return family(`${this.process.pid}`).reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  }

  /** Time that those of its threads that live have run, to the nanosecond: for spans that steps of 10 ms are too coarse for. */
  runMs(): number {
    const threads = readdirSync(`/proc/${this.process.pid}/task`);
    const ns = (thread: string) => readFileSync(`/proc/${this.process.pid}/task/${thread}/schedstat`, "utf8");
    return threads.reduce((sum, thread) => sum + Number(ns(thread).split(" ")[0]) / 1e6, 0);
  }

  /** Memory that it holds. */
  residentMb(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }

  /** Descriptors that it holds. */
  openFiles(): number {
    return readdirSync(`/proc/${this.process.pid}/fd`).length;
  }

  get runs(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async stop(): Promise<void> {
    if (!this.runs) return;
    const exit = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill();
    await exit;
  }
}

function cpuMsOf(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** A process and all that descend from it. */
function family(pid: string): readonly string[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "));
  return [pid, ...children.filter((child) => child !== "").flatMap(family)];
}

/**
 * The cores of this machine in two parts: one for what is measured, the rest for what puts load on it. Undefined: it
 * has only one, or no taskset to keep processes to it.
 */
export function splitCores(): readonly [measured: string, others: string] | undefined {
  const last = availableParallelism() - 1;
  const can = last > 0 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;
  return can ? ["0", `1-${last}`] : undefined;
}

/** Listens on a port of its own and tells the parent. Ends with the parent. */
export async function serveParent(server: Server): Promise<void> {
  process.once("disconnect", () => process.exit());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.send?.((server.address() as AddressInfo).port);
}
