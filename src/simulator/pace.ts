import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Delivery } from "./delivery.ts";

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
  if (delivery.head !== undefined) {
    response.writeHead(delivery.head.status, delivery.head.headers);
    await sendFrames(response, delivery, pace, signal);
  }
  if (delivery.ending === "end") response.end();
  if (delivery.ending === "stall") await pause(stallMaxMs, signal);
  if (delivery.ending !== "end") response.socket?.resetAndDestroy();
}

async function sendFrames(
  response: ServerResponse,
  { frames, ending }: Delivery,
  pace: Pace,
  signal: AbortSignal,
): Promise<void> {
  const startMs = performance.now();
  let tokens = 0;
  let pending = "";
  for (const frame of frames) {
    tokens += frame.tokens;
    const dueMs = frame.tokens === 0 ? 0 : startMs + pace.firstTokenMs + (tokens - 1) * pace.tokenMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0.5) {
      await write(response, pending, signal);
      pending = "";
      await pause(waitMs, signal);
    }
    pending += frame.text;
    if (pending.length < writeCharsMax) continue;
    await write(response, pending, signal);
    pending = "";
  }
  if (ending === "end") await write(response, pending, signal);
  else await written(response, pending);
}

async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (text !== "" && !response.write(text)) await once(response, "drain", { signal });
}

/** Resolves when the text, or the headers alone, have been handed to the kernel, which a reset would else forget. */
async function written(response: ServerResponse, text: string): Promise<void> {
  response.flushHeaders();
  if (text === "") return;
  await new Promise<void>((resolve) => response.write(text, () => resolve()));
}
