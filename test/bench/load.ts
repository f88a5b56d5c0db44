import { Histogram } from "../load/histogram.ts";
import { type Caller, callerOf, type Held } from "./caller.ts";
import type { Order, Result } from "./order.ts";
import type { Target } from "./target.ts";
import type { Shape } from "./workload.ts";

/** Streams that are being opened at once. */
const openingMax = 20;

const callers = new Map<string, Caller>();
const held: Held[] = [];

process.once("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  void carriedOut(order).then((result) => process.send?.(result));
});

async function carriedOut(order: Order): Promise<Result> {
  const caller = callerFor(order.to);
  const run = new Run();
  switch (order.kind) {
    case "closed":
      await run.closed(order.calls, order.durationMs, () => caller.call(order.shape));
      break;
    case "open":
      await run.open(order.perSecond, order.durationMs, () => run.timed(caller, order.shape));
      break;
    case "hold":
      if (order.count === 0) for (const each of held.splice(0)) each.leave();
      await run.repeated(
        openingMax,
        () => held.length + run.underWay < order.count,
        async () => {
          held.push(await caller.hold());
        },
      );
  }
  return run.result();
}

function callerFor(target: Target): Caller {
  const name = JSON.stringify(target);
  const caller = callers.get(name) ?? callerOf(target);
  callers.set(name, caller);
  return caller;
}

/** Calls of one order. */
class Run {
  underWay = 0;
  readonly #startMs = performance.now();
  readonly #whole = new Histogram();
  readonly #first = new Histogram();
  readonly #gaps = new Histogram();
  #calls = 0;
  #problem: string | undefined;

  get #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Keeps so many calls under way until the time is over, then lets them finish. */
  closed(atOnce: number, durationMs: number, call: () => Promise<void>): Promise<void> {
    return this.repeated(atOnce, () => this.#elapsedMs < durationMs, call);
  }

  async repeated(atOnce: number, goesOn: () => boolean, call: () => Promise<void>): Promise<void> {
    const one = async () => {
      while (this.#problem === undefined && goesOn()) await this.#counted(call);
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  }

  /** Makes each call when it is due, and waits for the last. */
  async open(perSecond: number, durationMs: number, call: () => Promise<void>): Promise<void> {
    const running: Promise<void>[] = [];
    while (this.#elapsedMs < durationMs && this.#problem === undefined) {
      const due = Math.floor((this.#elapsedMs * perSecond) / 1000);
      while (running.length <= due) running.push(this.#counted(call));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(running);
  }

  /** One call by the clock. */
  async timed(caller: Caller, shape: Shape): Promise<void> {
    const sentMs = performance.now();
    let lastMs: number | undefined;
    await caller.call(shape, () => {
      const nowMs = performance.now();
      if (lastMs === undefined) this.#first.record(nowMs - sentMs);
      else this.#gaps.record(nowMs - lastMs);
      lastMs = nowMs;
    });
    this.#whole.record(performance.now() - sentMs);
  }

  result(): Result {
    const [whole, first, gaps] = [this.#whole.buckets(), this.#first.buckets(), this.#gaps.buckets()];
    return { calls: this.#calls, durationMs: this.#elapsedMs, problem: this.#problem, whole, first, gaps };
  }

  async #counted(call: () => Promise<void>): Promise<void> {
    this.underWay++;
    try {
      await call();
      this.#calls++;
    } catch (error) {
      this.#problem ??= error instanceof Error ? error.message : String(error);
    } finally {
      this.underWay--;
    }
  }
}
