import { setTimeout as wait } from "node:timers/promises";
import type { Capacity } from "./capacity.ts";
import { atMost, type Row } from "./goal.ts";
import type { StreamsResult } from "./order.ts";
import { type Stand, usualManner } from "./stand.ts";

const tokensPerSecond = 20;
const gapMs = 1000 / tokensPerSecond;
const paced = 500;
const idle = 2000;
/** After it the upstream is to know that nobody waits. */
const closeMs = 1500;
const rampMsMax = 30_000;

/** L5: many streams at the pace of a model. */
export async function pacedStreams(stand: Stand, capacity: Capacity, seconds: number): Promise<Row> {
  const pieces = seconds * tokensPerSecond;
  await stand.upstream({ ...usualManner, pieces, gapMs });
  const beforeMb = await stand.restingMb();
  await stand.ask({ kind: "streams", count: paced, rampMs: rampMs(paced, capacity) });
  const settled = stand.ask<StreamsResult>({ kind: "settle", cancel: false });
  await wait(seconds * 600);
  const grownMb = stand.gateway.residentMb() - beforeMb;
  const result = await settled;
  await stand.upstream(usualManner);
  const off = Math.abs(paced * pieces - result.pieces) + (paced - result.whole);
  const broken = Object.entries(result.broken).map(([why, count]) => `${count} × status ${why}`);
  return {
    id: "L5",
    priority: "P0",
    load: `${paced} streams, ${tokensPerSecond} tokens/s each, ${seconds} s`,
    goals: [
      atMost({
        what: "gap between chunks, p99",
        value: result.gapP99Ms,
        limit: gapMs + 50,
        unit: " ms",
        digits: 0,
        note: `median ${result.gapP50Ms.toFixed(0)} ms`,
      }),
      atMost({
        what: "chunks lost, doubled or out of place",
        value: off,
        limit: 0,
        gross: 0,
        ...(broken.length > 0 && { note: broken.join(", ") }),
      }),
      atMost({ what: "memory beyond rest", value: grownMb, limit: (paced * 256) / 1024, unit: " MB", digits: 0 }),
    ],
  };
}

/** L6: very many streams of an upstream that has begun and says no more. */
export async function idleStreams(stand: Stand, capacity: Capacity, seconds: number): Promise<Row> {
  await stand.upstream({ ...usualManner, gapMs: null });
  const beforeMb = await stand.restingMb();
  await stand.ask({ kind: "streams", count: idle, rampMs: rampMs(idle, capacity) });
  const grownMb = (await stand.restingMb()) - beforeMb;
  const cpuMs = stand.gateway.cpuMs();
  const startMs = performance.now();
  await wait(seconds * 1000);
  const cpuPart = (stand.gateway.cpuMs() - cpuMs) / (performance.now() - startMs);
  const { active: open } = await stand.upstream("seen");
  await stand.ask<StreamsResult>({ kind: "settle", cancel: true });
  await wait(closeMs);
  const { active } = await stand.upstream(usualManner);
  return {
    id: "L6",
    priority: "P1",
    load: `${idle} open streams of a silent upstream, ${seconds} s`,
    goals: [
      atMost({ what: "not open", value: idle - open, limit: 0, gross: 0 }),
      atMost({ what: "memory of each", value: (grownMb * 1024) / open, limit: 64, unit: " KiB", digits: 0 }),
      atMost({ what: "CPU, of a core", value: cpuPart * 100, limit: 5, unit: " %", digits: 1 }),
      atMost({ what: `upstream calls ${closeMs} ms after the callers left`, value: active, limit: 0 }),
    ],
  };
}

/** So long that to open them is not a load of its own: at 0.3 C, unless that takes for ever. */
function rampMs(count: number, { perSecond }: Capacity): number {
  return Math.min(rampMsMax, (count * 1000) / (0.3 * perSecond));
}
