import { Child } from "../support/child.ts";
import { H2load } from "./h2load.ts";
import type { Order, Result } from "./order.ts";
import type { Target } from "./target.ts";
import { concurrency, type Shape } from "./workload.ts";

/** Calls of the first run of h2load at a target, when nothing is known of its speed: some peers take 20 ms for each. */
const firstCalls = 100;
/** A run is not to take long because the one before was disturbed. */
const callsMax = 200_000;

/** What was done within a run. */
export interface Done {
  readonly calls: number;
  readonly durationMs: number;
}

/** Puts load on targets, from processes of its own: h2load for whole answers where it is installed, else the own client. */
export class Generator implements AsyncDisposable {
  readonly #client: Child;
  readonly #h2load: H2load | undefined;
  readonly #perMs = new Map<Target, number>();

  private constructor(client: Child, h2load: H2load | undefined) {
    this.#client = client;
    this.#h2load = h2load;
  }

  static start(cores: string | undefined): Generator {
    return new Generator(Child.of(cores, new URL("load.ts", import.meta.url)), H2load.on(cores));
  }

  get usesH2load(): boolean {
    return this.#h2load !== undefined;
  }

  /** Calls one after another on so many places at once. Rejects when an answer was not right. */
  async closed(to: Target, shape: Shape, durationMs: number): Promise<Done> {
    if (shape === "unary" && this.#h2load !== undefined) return this.#ofH2load(this.#h2load, to, durationMs);
    return this.ask({ kind: "closed", to, shape, calls: concurrency, durationMs });
  }

  /** One call of the own client, which looks at the whole answer. */
  async check(to: Target, shape: Shape): Promise<void> {
    await this.ask({ kind: "closed", to, shape, calls: 1, durationMs: 1 });
  }

  /** What the own client answers to an order. Rejects when a call failed. */
  async ask(order: Order): Promise<Result> {
    const answer = this.#client.message<Result>();
    this.#client.send(order);
    const result = await answer;
    if (result.problem !== undefined) throw new Error(`${order.to.url} (${order.to.door}): ${result.problem}`);
    return result;
  }

  async #ofH2load(h2load: H2load, to: Target, durationMs: number): Promise<Done> {
    const guess = (this.#perMs.get(to) ?? firstCalls / durationMs) * durationMs;
    const done = await h2load.run(to, Math.min(callsMax, Math.max(concurrency, Math.round(guess))));
    this.#perMs.set(to, done.calls / done.durationMs);
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.stop();
    await this.#h2load?.[Symbol.asyncDispose]();
  }
}
