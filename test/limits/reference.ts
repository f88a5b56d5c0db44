import { windowsMs } from "./steps.ts";

/** What is left of a limit, computed the long way: out of a list of everything that was ever taken. */
export interface Reference {
  remaining(nowMs: number): number;
  take(cost: number, nowMs: number): void;
  /** Gives back units of what was taken last. */
  giveBack(units: number, nowMs: number): void;
}

type Period = keyof typeof windowsMs;

/** Counts what was taken in the window, and `kept` windows before it, of marks that lie so far apart on the clock. */
export function windowReference(limit: number, markMs: number, kept: number): Reference {
  const takes: { atMs: number; units: number }[] = [];
  const counts = (atMs: number, nowMs: number) => Math.floor(atMs / markMs) >= Math.floor(nowMs / markMs) - kept;
  return {
    remaining: (nowMs) =>
      takes.filter(({ atMs }) => counts(atMs, nowMs)).reduce((left, { units }) => left - units, limit),
    take: (units, atMs) => void takes.push({ atMs, units }),
    giveBack: (units) => {
      const last = takes.at(-1);
      if (last !== undefined) last.units -= units;
    },
  };
}

/**
 * Every unit has its own moment of return: one after the other, `limit` of them in a window. Moments are ticks times the
 * limit, so that they are whole numbers.
 */
export function bucketReference(limit: number, per: Period): Reference {
  const tickMs = { minute: 1, hour: 10, day: 100 }[per];
  const ticks = BigInt(windowsMs[per] / tickMs);
  let returns: bigint[] = [];
  const momentOf = (nowMs: number) => BigInt(Math.floor(nowMs / tickMs)) * BigInt(limit);
  const drop = (nowMs: number) => {
    returns = returns.filter((moment) => moment > momentOf(nowMs));
  };
  return {
    remaining: (nowMs) => {
      drop(nowMs);
      return limit - returns.length;
    },
    take: (units, nowMs) => {
      drop(nowMs);
      for (let i = 0; i < units; i++) returns.push((returns.at(-1) ?? momentOf(nowMs)) + ticks);
    },
    giveBack: (units, nowMs) => {
      drop(nowMs);
      returns.splice(Math.max(0, returns.length - units));
    },
  };
}
