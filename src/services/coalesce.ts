import type { Chunk } from "../model/chunk.ts";

type Batch = readonly Chunk[];

/**
 * Joins what arrives within a window into one batch, and neighbouring deltas of the same part and kind into one delta.
 * What a slow client gets is fewer, larger messages with the same sum. A started chunk opens no window.
 */
export async function* coalesce(source: AsyncIterableIterator<Batch>, windowMs: number): AsyncGenerator<Batch> {
  try {
    let reading = source.next();
    for (;;) {
      const first = await reading;
      if (first.done === true) return;
      const batch: Chunk[] = [];
      append(batch, first.value);
      reading = source.next();
      // Errors are thrown when they are awaited; this only keeps Node from calling them unhandled before.
      reading.catch(() => undefined);
      const window = new Window(windowMs);
      for (;;) {
        const next = await Promise.race([window.over, reading.catch(() => undefined)]);
        if (next === undefined || next.done === true) break;
        append(batch, next.value);
        reading = source.next();
        reading.catch(() => undefined);
      }
      window.close();
      yield batch;
    }
  } finally {
    await source.return?.();
  }
}

/** Resolves when the window is over. */
class Window {
  readonly over: Promise<undefined>;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.over = new Promise((resolve) => {
      this.#timer = setTimeout(resolve, ms, undefined);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

function append(batch: Chunk[], more: Batch): void {
  for (const chunk of more) {
    const last = batch[batch.length - 1];
    if (last === undefined || !join(last, chunk)) batch.push(chunk);
  }
}

/** Appends `next` to `last` where they are deltas of one part and kind. */
function join(last: Chunk, next: Chunk): boolean {
  if (last.case !== "partDelta" || next.case !== "partDelta" || last.value.index !== next.value.index) return false;
  const a = last.value.delta;
  const b = next.value.delta;
  if (a.case !== b.case || typeof a.value !== "string" || typeof b.value !== "string") return false;
  a.value += b.value;
  if (next.value.logprobs.length > 0) last.value.logprobs = [...last.value.logprobs, ...next.value.logprobs];
  return true;
}
