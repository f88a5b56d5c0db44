import { expect, test } from "vitest";
import { Line, type Serving } from "../../src/workers/line.ts";
import { neighboursOn } from "../../src/workers/neighbourhood.ts";
import { SharedState } from "../../src/workers/shared-state.ts";
import type { ToHolder, ToWorker } from "../../src/workers/topics.ts";
import { wireTo } from "./wire.ts";

test("a worker that does not tell of its stream is not taken for a holder that does not answer", async () => {
  const silent = { line: new Line<ToWorker, ToHolder>({ send: () => undefined }, {} as Serving<ToHolder>) };
  const shared = new SharedState(
    () => new Map([[2, silent]]),
    () => undefined,
  );
  const line: Line<ToHolder, ToWorker> = new Line<ToHolder, ToWorker>(
    wireTo(() => holder),
    {} as Serving<ToWorker>,
  );
  const holder: Line<ToWorker, ToHolder> = new Line<ToWorker, ToHolder>(
    wireTo(() => line),
    shared.servingOf(1),
  );
  const { streams, limits } = neighboursOn(line, { worker: 1, count: 2 }, () => undefined);
  await expect(streams.newest(`${crypto.randomUUID()}-2`)).rejects.toThrow("no answer within 1000 ms");
  expect(limits.isUp).toBe(true);
  // Of one that does not run there is nothing.
  expect(await streams.newest(`${crypto.randomUUID()}-3`)).toBeUndefined();
  expect(await streams.attend(`${crypto.randomUUID()}-3`)).toBe(false);
});
