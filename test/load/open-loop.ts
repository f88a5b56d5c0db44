import type { Load } from "./order.ts";
import { Schedule } from "./schedule.ts";
import { type Ending, Slice, type Tally } from "./tally.ts";

/** Under way at most: more are beyond what the generator can tell apart from its own slowness. */
const underWayMax = 30_000;
/** Calls sent before the generator looks at its sockets again. */
const sentAtOnceMax = 64;

/**
 * Sends calls when they are due, whether those before were answered or not, and resolves when the last one has ended. What
 * the generator cannot send in time within a phase is not made up for in the next.
 * @param call makes one; must not reject.
 */
export async function openLoop(load: Load, sliceMs: number, call: (load: Load) => Promise<Ending>): Promise<Tally[]> {
  const schedule = new Schedule(load.phases);
  const slices = Array.from({ length: Math.ceil(schedule.durationMs / sliceMs) }, () => new Slice());
  const running = new Set<Promise<void>>();
  const startMs = performance.now();
  let taken = 0;
  let phaseStartMs = -1;
  for (;;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs >= schedule.durationMs) break;
    if (schedule.phaseStartMs(elapsedMs) !== phaseStartMs) {
      phaseStartMs = schedule.phaseStartMs(elapsedMs);
      taken = schedule.dueBy(phaseStartMs);
    }
    const due = schedule.dueBy(elapsedMs) - taken;
    const slice = slices[Math.floor(elapsedMs / sliceMs)];
    if (slice === undefined) break;
    for (let sent = 0; sent < Math.min(due, sentAtOnceMax); sent++) {
      taken++;
      if (running.size >= underWayMax) slice.skipped++;
      else send(slice);
    }
    if (due > 0) slice.late.record(((due - 1) * 1000) / Math.max(1, rateAt(load, elapsedMs)));
    await (due > sentAtOnceMax ? turn() : soon());
  }
  await Promise.all(running);
  return slices.map((slice) => slice.tally());

  function send(slice: Slice): void {
    slice.sent++;
    const sentMs = performance.now();
    const ended = call(load).then((ending) => {
      slice.ended(ending, performance.now() - sentMs);
      running.delete(ended);
    });
    running.add(ended);
  }
}

function rateAt({ phases }: Load, elapsedMs: number): number {
  let endMs = 0;
  for (const { perSecond, durationMs } of phases) {
    endMs += durationMs;
    if (elapsedMs < endMs) return perSecond;
  }
  return 0;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
