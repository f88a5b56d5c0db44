import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Child } from "../support/child.ts";
import { gatewaySide, type Stand } from "./stand.ts";
import type { Side } from "./target.ts";

/** Beside those of streams. */
const otherFiles = 200;
const lookMs = 500;
const looksMax = 6;

/** Memory of a process while streams of a silent provider are open through it. */
export interface IdleStreams {
  readonly name: string;
  readonly restMb: number;
  readonly open: readonly { readonly streams: number; readonly mb: number; readonly kibEach: number }[];
}

/**
 * Opens so many streams, in steps, through a gateway and a raw proxy that have done nothing before. Counts that need more
 * file descriptors than a process may have here are left out.
 */
export async function idleStreams(stand: Stand, counts: readonly number[]): Promise<readonly IdleStreams[]> {
  const possible = counts.filter((count) => 2 * count + otherFiles <= filesMax());
  if (possible.length === 0) return [];
  await stand.upstream.answer("silent");
  const raw = await opened(stand, await stand.proxy(), possible);
  const room = 2 * Math.max(...possible);
  // How late the loop is while thousands are being opened says nothing here.
  const sections = `overload: { lateness: 1h, callsMax: ${room}, targets: { callsMax: ${room} } }\n`;
  const gateway = await stand.gateway({ connectionsMax: room, sections });
  return [raw, await opened(stand, gatewaySide(gateway, "grpc"), possible)];
}

/** Opens them, closes them, and stops the side. */
async function opened(
  stand: Stand,
  { name, process, target: to }: Side,
  counts: readonly number[],
): Promise<IdleStreams> {
  const restMb = await settledMb(process);
  const open: IdleStreams["open"][number][] = [];
  try {
    for (const streams of counts) {
      await stand.generator.ask({ kind: "hold", to, count: streams });
      const mb = await settledMb(process);
      open.push({ streams, mb, kibEach: ((mb - restMb) * 1024) / streams });
    }
  } finally {
    await stand.generator.ask({ kind: "hold", to, count: 0 });
    await stand.stop(process);
  }
  return { name, restMb, open };
}

/** Memory once it changes by less than a megabyte from one look to the next. */
export async function settledMb(child: Child): Promise<number> {
  let lastMb = child.residentMb();
  for (let looks = 0; looks < looksMax; looks++) {
    await wait(lookMs);
    const nowMb = child.residentMb();
    if (Math.abs(nowMb - lastMb) < 1) return nowMb;
    lastMb = nowMb;
  }
  return lastMb;
}

/** File descriptors that a process may have: Node takes what the hard limit allows. */
function filesMax(): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}
