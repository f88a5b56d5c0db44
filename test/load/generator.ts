import { setTimeout as wait } from "node:timers/promises";
import { DirectCalls } from "./direct-calls.ts";
import { GatewayCalls, type Running } from "./gateway-calls.ts";
import { Histogram } from "./histogram.ts";
import { openLoop } from "./open-loop.ts";
import type { Load, Order, StreamsResult, Tallies } from "./order.ts";
import { pieceText } from "./piece.ts";
import type { Ending } from "./tally.ts";

const closedTimeoutMs = 20_000;
const streamTimeoutMs = 600_000;

let direct: DirectCalls | undefined;
let gateway: readonly GatewayCalls[] = [];
let streams: Streams | undefined;

process.once("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  void done(order).then((result) => process.send?.(result));
});
process.send?.("ready");

async function done(order: Order): Promise<object> {
  switch (order.kind) {
    case "target":
      for (const calls of gateway) calls.close();
      gateway = order.apiKeys.map((apiKey) => new GatewayCalls(order.gatewayUrl, apiKey));
      direct = new DirectCalls(order.upstreamUrl);
      return {};
    case "closed":
      return { calls: await closed(order.callers, order.durationMs) };
    case "open": {
      const tallies = order.loads.map(async (load) => [load.name, await openLoop(load, order.sliceMs, call)]);
      return Object.fromEntries(await Promise.all(tallies)) satisfies Tallies;
    }
    case "streams":
      streams = new Streams(order.count);
      return streams.open(order.rampMs);
    case "settle":
      return (await streams?.settled(order.cancel)) ?? {};
  }
}

function call({ via, stream, key, timeoutMs }: Load): Promise<Ending> {
  if (via === "direct") return direct?.call(stream, timeoutMs) ?? lost();
  const calls = gateway[key];
  if (stream) return calls?.stream(timeoutMs, () => undefined).ending ?? lost();
  return calls?.whole(timeoutMs).ending ?? lost();
}

async function lost(): Promise<Ending> {
  return { status: undefined, saysWhen: false };
}

/** Answers that so many callers got, each with one call at a time. */
async function closed(callers: number, durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  let calls = 0;
  const caller = async () => {
    while (performance.now() < endMs) {
      const ending = await gateway[0]?.whole(closedTimeoutMs).ending;
      if (ending?.status === "0") calls++;
      else await wait(1);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return calls;
}

/** Streams that are open at the same time. */
class Streams {
  readonly #count: number;
  readonly #running: Running[] = [];
  readonly #gaps = new Histogram();
  readonly #broken: Record<string, number> = {};
  #whole = 0;
  #pieces = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** Resolves when each of them has had output, or has ended. */
  async open(rampMs: number): Promise<object> {
    const first: Promise<void>[] = [];
    for (let opened = 0; opened < this.#count; opened++) {
      first.push(this.#open());
      if (opened % 10 === 9) await wait((rampMs * 10) / this.#count);
    }
    await Promise.all(first);
    return { opened: this.#pieces };
  }

  async settled(cancel: boolean): Promise<StreamsResult> {
    if (cancel) for (const running of this.#running) running.cancel();
    await Promise.all(this.#running.map(({ ending }) => ending));
    const [gapP50Ms, gapP99Ms] = [this.#gaps.at(0.5), this.#gaps.at(0.99)];
    return { whole: this.#whole, pieces: this.#pieces, gapP50Ms, gapP99Ms, broken: this.#broken };
  }

  #open(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let next = 0;
    let lastMs = 0;
    let inOrder = true;
    const running = gateway[0]?.stream(streamTimeoutMs, (text) => {
      const nowMs = performance.now();
      if (next > 0) this.#gaps.record(nowMs - lastMs);
      lastMs = nowMs;
      this.#pieces++;
      if (text !== pieceText(next++)) inOrder = false;
      resolve();
    });
    if (running === undefined) return Promise.resolve();
    this.#running.push(running);
    void running.ending.then(({ status = "none" }) => {
      resolve();
      if (status === "0" && inOrder) this.#whole++;
      else {
        const why = inOrder ? status : "0, out of order";
        this.#broken[why] = (this.#broken[why] ?? 0) + 1;
      }
    });
    return promise;
  }
}
