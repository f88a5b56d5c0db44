import { expect, test } from "vitest";
import { NewsBoard } from "../../src/workers/news-board.ts";

const pause = (forMs: number) =>
  ({ case: "pause", pause: { provider: "up", model: "m", forMs, quota: false } }) as const;
const circuit = (state: "open" | "closed") =>
  ({ case: "circuit", circuit: { provider: "up", scope: "model", model: "m", state } }) as const;

test("a pause is known for the rest of its time, and is never shortened", () => {
  let nowMs = 0;
  const board = new NewsBoard(() => nowMs);
  board.note(pause(1000));
  board.note(pause(500));
  nowMs = 400;
  expect(board.known).toEqual([pause(600)]);
  nowMs = 1000;
  expect(board.known).toEqual([]);
});

test("a circuit is known until it closes", () => {
  const board = new NewsBoard(() => 0);
  board.note(circuit("open"));
  expect(board.known).toEqual([circuit("open")]);
  board.note(circuit("closed"));
  expect(board.known).toEqual([]);
});
