import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Delivery } from "./delivery.ts";
import type { Frame } from "./dialect.ts";

const stallMaxMs = 600_000;
const writeCharsMax = 16_384;

/** How fast tokens come. */
export interface Pace {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
}

/** Waits without keeping the process alive; rejects when the client has left. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal, ref: false });
}

/**
 * Sends a delivery. Token n is due firstTokenMs + (n - 1) * tokenMs after the start, so a late timer does not slow the
 * stream; what is due together is written together, up to 16 KiB. Waits for a slow reader; rejects when the client has
 * left. A stall ends in a reset after ten minutes.
 */
export async function deliver(
  response: ServerResponse,
  delivery: Delivery,
  pace: Pace,
  signal: AbortSignal,
): Promise<void> {
  const { head, frames, ending } = delivery;
  if (head !== undefined) {
    response.writeHead(head.status, head.headers);
    const rest = await sendPaced(response, frames, pace, signal);
    if (ending === "end") response.end(rest);
    else await handOver(response, rest);
  }
  if (ending === "stall") await pause(stallMaxMs, signal);
  if (ending !== "end") response.socket?.resetAndDestroy();
}

/** Returns what is still to be written after the last wait. */
async function sendPaced(
  response: ServerResponse,
  frames: Iterable<Frame>,
  pace: Pace,
  signal: AbortSignal,
): Promise<Bytes> {
  const startMs = performance.now();
  let tokens = 0;
  let pending: Bytes = "";
  for (const frame of frames) {
    tokens += frame.tokens;
    const dueMs = frame.tokens === 0 ? 0 : startMs + pace.firstTokenMs + (tokens - 1) * pace.tokenMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0.5) {
      await write(response, pending, signal);
      pending = "";
      await pause(waitMs, signal);
    }
    pending = joined(pending, frame.text);
    if (pending.length < writeCharsMax) continue;
    await write(response, pending, signal);
    pending = "";
  }
  return pending;
}

/** Text stays text as long as it can: most frames are. */
type Bytes = string | Buffer;

function joined(head: Bytes, tail: Bytes): Bytes {
  if (head.length === 0) return tail;
  if (typeof head === "string" && typeof tail === "string") return head + tail;
  return Buffer.concat([Buffer.from(head), Buffer.from(tail)]);
}

async function write(response: ServerResponse, bytes: Bytes, signal: AbortSignal): Promise<void> {
  if (bytes.length > 0 && !response.write(bytes)) await once(response, "drain", { signal });
}

/** Resolves when the bytes, or the headers alone, have been handed to the kernel, which a reset would else forget. */
async function handOver(response: ServerResponse, bytes: Bytes): Promise<void> {
  response.flushHeaders();
  if (bytes.length === 0) return;
  await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
}
