import { expect, test } from "vitest";
import { Crew, type CrewParts } from "../../src/workers/crew.ts";
import type { CrewHand } from "../../src/workers/hand.ts";
import { Line, type Serving } from "../../src/workers/line.ts";
import { unpacked } from "../../src/workers/parcel.ts";
import type { Started, ToHolder, ToWorker } from "../../src/workers/topics.ts";
import { configOf } from "../support/gateway.ts";
import { wireTo } from "./wire.ts";

const serving: Started = { case: "serving", address: "", httpAddress: undefined, facts: {}, summary: [] };
const old = await configOf({ providers: { simulator: {} }, models: { default: "simulator/old" } });
const other = await configOf({ providers: { simulator: {} }, models: { default: "simulator/other" } });

/** What the process at the other end of a line is, without a process. */
class Worker implements CrewHand {
  readonly number: number;
  readonly line: Line<ToWorker, ToHolder>;
  readonly exit: Promise<string>;
  /** Default models of the configurations that it got. */
  readonly configs: (string | undefined)[] = [];
  readonly #ended = Promise.withResolvers<string>();

  /** @param begun when it has started; undefined: at once. @param tried when it has taken another configuration. */
  constructor(number: number, begun?: Promise<undefined>, tried?: Promise<undefined>) {
    this.number = number;
    this.exit = this.#ended.promise;
    const take = ({ config }: { readonly config: Parameters<typeof unpacked>[0] }) =>
      this.configs.push(unpacked(config).models.default);
    const all: Partial<Serving<ToWorker>> = {
      start: async (beginning) => {
        take(beginning);
        await begun;
        return serving;
      },
      reload: async (config) => {
        take({ config });
        return tried;
      },
    };
    const own: Line<ToHolder, ToWorker> = new Line<ToHolder, ToWorker>(
      wireTo(() => this.line),
      all as Serving<ToWorker>,
    );
    this.line = new Line<ToWorker, ToHolder>(
      wireTo(() => own),
      {} as Serving<ToHolder>,
    );
  }

  end(reason: string): void {
    this.line.close();
    this.#ended.resolve(reason);
  }

  kill(): void {
    this.end("SIGKILL");
  }
}

/** A crew of two, the workers that it has started, and what it has told. */
function crewWith(over: Partial<CrewParts> = {}) {
  const workers: Worker[] = [];
  const told: string[] = [];
  const crew = new Crew({
    count: 2,
    spawn: (number) => {
      const worker = new Worker(number);
      workers.push(worker);
      return worker;
    },
    news: () => [],
    ended: (worker, reason) => told.push(`${worker} ${reason}`),
    failed: (worker, problem) => told.push(`${worker} ${problem}`),
    ...over,
  });
  return { crew, workers, told };
}

test("a worker that comes to serve while another tries a configuration gets it, too", async () => {
  const tried = Promise.withResolvers<undefined>();
  const begun = Promise.withResolvers<undefined>();
  const workers: Worker[] = [];
  const { crew } = crewWith({
    spawn: (number) => {
      const isFirst = workers.length === 0;
      const worker = new Worker(
        number,
        workers.length === 2 ? begun.promise : undefined,
        isFirst ? tried.promise : undefined,
      );
      workers.push(worker);
      return worker;
    },
  });
  await crew.open(old);
  workers[1]?.end("exit_1");
  await expect.poll(() => workers.length).toBe(3);
  const reloaded = crew.reload(other);
  begun.resolve(undefined);
  await expect.poll(() => crew.serving.size).toBe(2);
  tried.resolve(undefined);
  await reloaded;
  expect(workers[2]?.configs).toEqual(["simulator/old", "simulator/other"]);
  await crew.end(0);
});

test("a worker that begins with a configuration which is replaced meanwhile gets the new one", async () => {
  const begun = Promise.withResolvers<undefined>();
  const workers: Worker[] = [];
  const { crew, told } = crewWith({
    spawn: (number) => {
      const worker = new Worker(number, workers.length === 2 ? begun.promise : undefined);
      workers.push(worker);
      return worker;
    },
  });
  await crew.open(old);
  workers[1]?.end("exit_1");
  await expect.poll(() => workers[2]?.configs).toEqual(["simulator/old"]);
  await crew.reload(other);
  begun.resolve(undefined);
  await expect.poll(() => workers[2]?.configs).toEqual(["simulator/old", "simulator/other"]);
  expect(told).toEqual(["2 exit_1"]);
  await crew.end(0);
});

test("where no worker serves, those that start next take the new configuration", async () => {
  const { crew, workers } = crewWith();
  await crew.open(old);
  for (const worker of workers) worker.end("exit_1");
  await Promise.all(workers.map(({ exit }) => exit));
  await expect(crew.load(undefined)).rejects.toThrow("no worker runs");
  await crew.reload(other);
  await expect.poll(() => crew.serving.size).toBe(2);
  expect(workers.map(({ configs }) => configs)).toEqual([
    ["simulator/old"],
    ["simulator/old"],
    ["simulator/other"],
    ["simulator/other"],
  ]);
  await crew.end(0);
});

test("a process that cannot be had is asked for again", async () => {
  const workers: Worker[] = [];
  let refusals = 1;
  const { crew, told } = crewWith({
    count: 1,
    spawn: (number) => {
      if (workers.length > 0 && refusals-- > 0) throw new Error("spawn ENOMEM");
      const worker = new Worker(number);
      workers.push(worker);
      return worker;
    },
  });
  await crew.open(old);
  workers[0]?.end("SIGKILL");
  await expect.poll(() => workers.length).toBe(2);
  expect(told).toEqual(["1 SIGKILL", "1 no_process"]);
  await crew.end(0);
});
