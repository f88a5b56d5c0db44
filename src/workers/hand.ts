import type { Serializable } from "node:child_process";
import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import { Line, type Serving } from "./line.ts";
import type { ToHolder, ToWorker } from "./topics.ts";

const entry = fileURLToPath(new URL("../worker.js", import.meta.url));

/** Environment of a process. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What steers a worker process. */
export type CrewHand = Pick<Hand, "number" | "line" | "exit" | "kill">;

/** One worker process, as who started it sees it. */
export class Hand {
  readonly number: number;
  readonly line: Line<ToWorker, ToHolder>;
  /** Why it ended: "SIGKILL", "exit_1". Never rejects. */
  readonly exit: Promise<string>;
  readonly #process: Worker;

  constructor(number: number, env: Environment, serving: Serving<ToHolder>) {
    // Round robin, which is the default: by SO_REUSEPORT few connections, which is what gRPC clients have, spread unevenly.
    cluster.setupPrimary({ exec: entry, args: [], serialization: "advanced" });
    const child = cluster.fork(env);
    this.number = number;
    this.#process = child;
    this.line = new Line({ send: (message, sent) => child.send(message as Serializable, sent) }, serving);
    this.exit = new Promise((resolve) => {
      const ended = (reason: string) => {
        this.line.close();
        resolve(reason);
      };
      child.once("exit", (code, signal) => ended(signal ?? `exit_${code}`));
      // To send to one that has gone fails here, too; its end is told by its exit, if it ever was.
      child.on("error", () => child.process.pid === undefined && ended("no_process"));
    });
    child.on("message", (message) => this.line.received(message));
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    this.#process.process.kill("SIGKILL");
  }
}
