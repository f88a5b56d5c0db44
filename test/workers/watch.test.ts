import { expect, test } from "vitest";
import type { CrewHand } from "../../src/workers/hand.ts";
import { Line, type Serving } from "../../src/workers/line.ts";
import type { ToHolder, ToWorker } from "../../src/workers/topics.ts";
import { Watch } from "../../src/workers/watch.ts";

/** A worker that says what the test lets it say to each question. */
function workerThat(answer: (id: number) => unknown): CrewHand {
  const line: Line<ToWorker, ToHolder> = new Line<ToWorker, ToHolder>(
    {
      send: (messages, sent) => {
        sent();
        for (const [, id] of messages as [number, number][]) {
          const said = answer(id);
          if (said !== undefined) line.received([said]);
        }
      },
    },
    {} as Serving<ToHolder>,
  );
  return { number: 1, line, exit: new Promise(() => undefined), kill: () => undefined };
}

test("a worker that misses five looks in a row is stuck", async () => {
  let isDeaf = true;
  let question = 0;
  const worker = workerThat((id) => {
    question = id;
    return isDeaf ? undefined : [2, id, "", { ready: true, reasons: [] }];
  });
  let stuck = 0;
  const watch = new Watch(
    () => [worker],
    () => stuck++,
  );
  const look = () => watch.look(5);
  for (let i = 0; i < 4; i++) await look();
  // A word, though late, that shows it alive.
  worker.line.received([[2, question, "", { ready: true, reasons: [] }]]);
  isDeaf = false;
  await look();
  isDeaf = true;
  for (let i = 0; i < 4; i++) await look();
  expect(stuck).toBe(0);
  await look();
  expect(stuck).toBe(1);
});

test("a worker that does not serve yet is not stuck", async () => {
  const worker = workerThat((id) => [3, id, "", "the worker does not serve yet"]);
  const watch = new Watch(
    () => [worker],
    () => expect.unreachable(),
  );
  for (let i = 0; i < 6; i++) await watch.look();
});
