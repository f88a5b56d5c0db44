import { expect, test } from "vitest";
import { Line, type Serving, type Wire } from "../../src/workers/line.ts";

type Up = { double: readonly [number, number]; note: readonly [string, unknown]; never: readonly [undefined, unknown] };
type Down = Record<never, never>;

/** Two ends of a line whose messages pass when they are let through. */
function pair(serving: Partial<Serving<Up>> = {}) {
  const sent: unknown[] = [];
  const late: (() => void)[] = [];
  let isHeld = false;
  const noted: string[] = [];
  const all: Serving<Up> = {
    double: (said) => 2 * said,
    note: (said) => noted.push(said),
    never: () => new Promise(() => undefined),
    ...serving,
  };
  const pass = (to: () => { received(messages: unknown): void }): Wire => ({
    send: (message, done) => {
      sent.push(message);
      const deliver = () => {
        to().received(structuredClone(message));
        done();
      };
      if (isHeld) late.push(deliver);
      else setImmediate(deliver);
    },
  });
  const asker: Line<Up, Down> = new Line<Up, Down>(
    pass(() => server),
    {},
  );
  const server: Line<Down, Up> = new Line<Down, Up>(
    pass(() => asker),
    all,
  );
  return {
    asker,
    sent,
    noted,
    hold: () => {
      isHeld = true;
    },
    release: () => {
      isHeld = false;
      for (const deliver of late.splice(0)) deliver();
    },
  };
}

test("what is said in one turn goes together, and is answered in order", async () => {
  const { asker, sent, noted } = pair();
  const answers = [asker.ask("double", 1), asker.ask("double", 2)];
  asker.tell("note", "between");
  answers.push(asker.ask("double", 3));
  expect(await Promise.all(answers)).toEqual([2, 4, 6]);
  expect(noted).toEqual(["between"]);
  expect(sent).toHaveLength(2);
});

test("what fails there is told, and what is nothing to be asked", async () => {
  const { asker } = pair({
    double: () => {
      throw new Error("no numbers today");
    },
  });
  await expect(asker.ask("double", 1)).rejects.toThrow("no numbers today");
  await expect(asker.ask("unheard" as "double", 1)).rejects.toThrow("nothing that can be asked");
});

test("an answer that does not come in time ends the wait, and whoever is silent is not asked again until it speaks", async () => {
  const { asker, hold, release } = pair();
  hold();
  await expect(asker.ask("double", 1, 5)).rejects.toThrow("no answer within 5 ms");
  expect(asker.isUp).toBe(false);
  await expect(asker.ask("double", 2)).rejects.toThrow("does not answer");
  release();
  await expect.poll(() => asker.isUp).toBe(true);
  expect(await asker.ask("double", 3)).toBe(6);
});

test("when the other has gone nothing waits for it", async () => {
  const { asker } = pair();
  const asked = asker.ask("never", undefined, Number.POSITIVE_INFINITY);
  asker.close();
  await expect(asked).rejects.toThrow("has gone");
  await expect(asker.ask("double", 1)).rejects.toThrow("has gone");
});

test("questions that nobody answers are bounded", async () => {
  const { asker } = pair();
  const asked = Array.from({ length: 20_001 }, () => asker.ask("never", undefined, 60_000));
  await expect(asked.at(-1)).rejects.toThrow("too much to answer");
  asker.close();
  expect((await Promise.allSettled(asked)).every(({ status }) => status === "rejected")).toBe(true);
});

test("of one that has gone nothing is taken any more, though it comes later", () => {
  const noted: string[] = [];
  const line = new Line<Down, { note: readonly [string, unknown] }>(
    { send: () => undefined },
    { note: (said) => noted.push(said) },
  );
  const note = [[0, 0, "note", "said"]];
  line.received(note);
  line.close();
  line.received(note);
  expect(noted).toEqual(["said"]);
});
