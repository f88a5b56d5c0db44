import { setTimeout as wait } from "node:timers/promises";

/** Does something again and again while a piece of work goes on; gives what the work gave. */
export async function during<T>(work: Promise<T>, everyMs: number, look: () => Promise<void> | void): Promise<T> {
  let over = false;
  const finished = work.finally(() => {
    over = true;
  });
  const looking = (async () => {
    while (!over) {
      await look();
      await wait(everyMs);
    }
  })();
  const result = await finished;
  await looking;
  return result;
}
