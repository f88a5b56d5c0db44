import { setTimeout as wait } from "node:timers/promises";
import { type Capacity, loadOf } from "./capacity.ts";
import { atMost, type Row } from "./goal.ts";
import type { UpstreamManner, UpstreamSeen } from "./order.ts";
import { type Stand, usualManner } from "./stand.ts";
import { sumOf, type Tally } from "./tally.ts";
import { during } from "./watch.ts";

const part = 0.5;
const times = 10;
const timeoutMs = 5000;
const beforeS = 8;
const afterS = 16;
/** A second is as before when nothing is refused and its p99 is at most so much longer. */
const asBefore = 1.5;

/** L8: the upstream becomes slow, and callers keep coming as before. */
export async function slowdown(stand: Stand, { perSecond }: Capacity, seconds: number): Promise<Row> {
  const durationMs = (beforeS + seconds + afterS) * 1000;
  const load = loadOf([{ perSecond: part * perSecond, durationMs }], { timeoutMs });
  const slow = { ...usualManner, delayMs: usualManner.delayMs * times };
  const upstream = new Upstream(stand);
  await upstream.be(usualManner);
  upstream.forget();
  const open = stand.open(load);
  await wait(beforeS * 1000);
  await upstream.be(slow);
  // Half of the time is for finding out: until then as many are under way as have come.
  await wait(seconds * 500);
  await upstream.look();
  upstream.overLimit = 0;
  await during(wait(seconds * 500), 500, () => upstream.look());
  await upstream.be(usualManner);
  const tallies = await open;
  await upstream.be(usualManner);
  const slices = tallies["load"] ?? [];
  const slowed = sumOf(slices.slice(beforeS, beforeS + seconds));
  const all = sumOf(slices);
  const wrong = Object.values(all.wrong).reduce((sum, count) => sum + count, 0);
  const waitedMs = Math.max(slowed.answered.at(0.99) - slow.delayMs, slowed.refused.at(0.99) || 0);
  return {
    id: "L8",
    priority: "P0",
    load: `${part} C, upstream ${times} times slower for ${seconds} s`,
    goals: [
      atMost({ what: "calls at once upstream ÷ adaptive limit", value: upstream.overLimit, limit: 1 }),
      atMost({ what: "wait of answers and refusals, p99 ÷ deadline", value: waitedMs / timeoutMs, limit: 0.1 }),
      atMost({ what: "calls begun after their deadline", value: upstream.late, limit: 0, gross: 0 }),
      atMost({
        what: "refusals without RetryInfo, or of another kind",
        value: all.withoutDelay + wrong,
        limit: 0,
        gross: all.sent / 1000,
      }),
      atMost({
        what: "upstream calls without an answer to a caller",
        value: upstream.hits - all.ok,
        limit: 0,
        gross: all.sent / 1000,
      }),
      atMost({
        what: "as before, after the upstream is",
        value: recoveryS(slices, beforeS, beforeS + seconds),
        limit: 10,
        unit: " s",
        gross: afterS - 1,
        note: `${((100 * slowed.ok) / slowed.sent).toFixed(0)} % answered while it was slow`,
      }),
    ],
  };
}

/** What the upstream saw, over several looks. */
class Upstream {
  hits = 0;
  late = 0;
  /** Calls at once at most, in parts of what the gateway allowed. */
  overLimit = 0;
  readonly #stand: Stand;

  constructor(stand: Stand) {
    this.#stand = stand;
  }

  async be(manner: UpstreamManner): Promise<void> {
    this.#add(await this.#stand.upstream(manner));
  }

  forget(): void {
    this.hits = 0;
    this.late = 0;
  }

  /** The limit moves meanwhile: the higher one of before and after holds. */
  async look(): Promise<void> {
    const before = await this.#stand.metric("target_calls_limit");
    const seen = await this.#stand.upstream("seen");
    this.#add(seen);
    const limit = Math.max(before, await this.#stand.metric("target_calls_limit"));
    this.overLimit = Math.max(this.overLimit, seen.most / limit);
  }

  #add({ hits, late }: UpstreamSeen): void {
    this.hits += hits;
    this.late += late;
  }
}

/** Seconds from `endS` until every later second is as those before `startS` were. */
function recoveryS(slices: readonly Tally[], startS: number, endS: number): number {
  const usualMs = sumOf(slices.slice(1, startS)).answered.at(0.99);
  const well = (tally: Tally) => {
    const sum = sumOf([tally]);
    return sum.ok === sum.sent && sum.answered.at(0.99) <= asBefore * usualMs;
  };
  const lastBad = slices.slice(endS).findLastIndex((tally) => !well(tally));
  return lastBad + 1;
}
