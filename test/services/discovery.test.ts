import { expect, test } from "vitest";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Provider } from "../../src/model/target.ts";
import { Discovery } from "../../src/services/discovery.ts";

const minuteMs = 60_000;

/** A discovery on a clock that a test moves, and a provider whose answers a test gives. */
class Scene {
  nowMs = 1000;
  readonly asked: PromiseWithResolvers<readonly string[]>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly waits: (PromiseWithResolvers<void> & { ms: number })[] = [];
  readonly failures: string[] = [];
  readonly provider: Provider = {
    id: "local",
    displayName: "Local",
    models: new Map([["known", unknownModel]]),
    defaultModel: undefined,
    timeouts: { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 },
    listModels: (signal) => {
      const answer = Promise.withResolvers<readonly string[]>();
      this.signals.push(signal);
      this.asked.push(answer);
      return answer.promise;
    },
  };
  readonly discovery = new Discovery({
    now: () => this.nowMs,
    elapsed: (ms) => {
      const wait = { ...Promise.withResolvers<void>(), ms };
      this.waits.push(wait);
      return wait.promise;
    },
    failed: ({ id }, { reason }) => void this.failures.push(`${id} ${reason}`),
  });

  refresh(): Promise<void> {
    return this.discovery.refresh([this.provider]);
  }

  get names(): string[] {
    return this.discovery.targetsOf(this.provider).map(({ model }) => model);
  }

  /** Asks and answers. */
  async listed(...names: string[]): Promise<void> {
    const refreshed = this.refresh();
    this.asked.at(-1)?.resolve(names);
    await refreshed;
  }
}

test("names are sorted, each once, without those that a table has or nobody could write", async () => {
  const scene = new Scene();
  await scene.listed("b", "known", "a", "b", "", "with space", "é", "org/a:free@1.0_x-y", "x".repeat(251));
  expect(scene.names).toEqual(["a", "b", "org/a:free@1.0_x-y"]);
  expect(scene.discovery.targetsOf(scene.provider)[0]).toEqual({
    provider: scene.provider,
    model: "a",
    selector: "local/a",
    facts: unknownModel,
  });
});

test("a list counts ten thousand names at most", async () => {
  const scene = new Scene();
  await scene.listed(...Array.from({ length: 10_500 }, (_, index) => `m${index}`));
  expect(scene.names).toHaveLength(10_000);
});

test("asks again only after ten minutes, and nobody waits for it then", async () => {
  const scene = new Scene();
  await scene.listed("old");
  scene.nowMs += 10 * minuteMs - 1;
  await scene.refresh();
  expect(scene.asked).toHaveLength(1);
  scene.nowMs += 1;
  await scene.refresh();
  expect([scene.asked.length, scene.names]).toEqual([2, ["old"]]);
  scene.asked[1]?.resolve(["new"]);
  await new Promise(setImmediate);
  expect(scene.names).toEqual(["new"]);
});

test("callers who come together ask once, and wait until two seconds after the question", async () => {
  const scene = new Scene();
  const first = scene.refresh();
  scene.nowMs += 500;
  const second = scene.refresh();
  expect([scene.asked.length, scene.waits.map(({ ms }) => ms)]).toEqual([1, [2000, 1500]]);
  for (const wait of scene.waits) wait.resolve();
  await Promise.all([first, second]);
  expect(scene.names).toEqual([]);
  scene.nowMs += 1500;
  await scene.refresh();
  expect([scene.asked.length, scene.waits.length]).toEqual([1, 2]);
  scene.asked[0]?.resolve(["late"]);
  await new Promise(setImmediate);
  expect(scene.names).toEqual(["late"]);
});

test("a failure is told, keeps the old list, and is tried again after a minute", async () => {
  const scene = new Scene();
  await scene.listed("old");
  scene.nowMs += 10 * minuteMs;
  await scene.refresh();
  scene.asked[1]?.reject(new GatewayError("PROVIDER_UNAVAILABLE", "down"));
  await new Promise(setImmediate);
  expect([scene.failures, scene.names]).toEqual([["local PROVIDER_UNAVAILABLE"], ["old"]]);
  scene.nowMs += minuteMs - 1;
  await scene.refresh();
  expect(scene.asked).toHaveLength(2);
  scene.nowMs += 1;
  await scene.refresh();
  expect(scene.asked).toHaveLength(3);
});

test("a first question that fails makes nobody wait again", async () => {
  const scene = new Scene();
  const refreshed = scene.refresh();
  scene.asked[0]?.reject(new Error("no"));
  await refreshed;
  scene.nowMs += minuteMs;
  await scene.refresh();
  expect([scene.asked.length, scene.waits.length, scene.names]).toEqual([2, 1, []]);
});

test("another provider object of the same name starts anew; one that lists nothing is not asked", async () => {
  const scene = new Scene();
  await scene.listed("a");
  const renewed = { ...scene.provider };
  expect(scene.discovery.targetsOf(renewed)).toEqual([]);
  const { listModels: _, ...silent } = scene.provider;
  await scene.discovery.refresh([silent]);
  expect([scene.asked.length, scene.discovery.targetsOf(silent)]).toEqual([1, []]);
});

test("closing gives up what is asked, and asks no more", async () => {
  const scene = new Scene();
  const refreshed = scene.refresh();
  scene.discovery.close();
  expect(scene.signals[0]?.aborted).toBe(true);
  scene.asked[0]?.reject(scene.signals[0]?.reason);
  await refreshed;
  scene.nowMs += 60 * minuteMs;
  await scene.refresh();
  expect(scene.asked).toHaveLength(1);
});
