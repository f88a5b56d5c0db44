import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
const tickMs = 10;

/** A process of the benchmark, on the cores it was given. */
export class Child {
  readonly process: ChildProcess;

  /**
   * @param cores list of cores as taskset takes it; undefined for any core.
   * @param args what follows `node`.
   */
  constructor(cores: string | undefined, args: readonly string[]) {
    const command = cores === undefined ? [process.execPath] : ["taskset", "-c", cores, process.execPath];
    const [program = "", ...rest] = [...command, ...args];
    this.process = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
    // The log is read and thrown away, as by a collector that keeps up.
    this.process.stdout?.resume();
  }

  /** A process of a file in this folder. */
  static of(cores: string | undefined, file: string, ...args: readonly string[]): Child {
    return new Child(cores, [fileURLToPath(new URL(file, import.meta.url)), ...args]);
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
    const stat = readFileSync(`/proc/${this.process.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }

  /** Memory that it holds. */
  residentMb(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill();
    await exit;
  }
}

/** Listens on a port of its own and tells the parent. Ends with the parent. */
export async function serveBench(server: Server): Promise<void> {
  process.once("disconnect", () => process.exit());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.send?.((server.address() as AddressInfo).port);
}
