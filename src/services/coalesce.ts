import type { Chunk } from "../model/chunk.ts";
import type { Batch } from "./event-stream.ts";

/** A message stays far below the 4 MiB that gRPC clients take, however fast the provider is. */
const batchCharsMax = 64 * 1024;

/**
 * Joins what arrives within a window into one batch, and neighbouring deltas of the same part and kind into one delta.
 * What a slow client gets is fewer, larger messages with the same sum. The batch with the started chunk opens no window:
 * the first output is not delayed. A window ends early at 64 Ki characters.
 */
export async function* coalesce(source: AsyncIterableIterator<Batch>, windowMs: number): AsyncGenerator<Batch> {
  try {
    let reading = readingOf(source);
    for (;;) {
      const first = await reading;
      if (first.done === true) return;
      const batch: Chunk[] = [];
      let chars = append(batch, first.value);
      reading = readingOf(source);
      const window = first.value[0]?.case === "started" ? undefined : new Window(windowMs);
      while (window !== undefined && chars < batchCharsMax) {
        const next = await Promise.race([window.over, reading.catch(() => undefined)]);
        if (next === undefined || next.done === true) break;
        chars += append(batch, next.value);
        reading = readingOf(source);
      }
      window?.close();
      yield batch;
    }
  } finally {
    await source.return?.();
  }
}

/** The next result. Errors are thrown when it is awaited; the catch keeps Node from calling them unhandled before. */
function readingOf(source: AsyncIterableIterator<Batch>): Promise<IteratorResult<Batch>> {
  const reading = source.next();
  reading.catch(() => undefined);
  return reading;
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

/** The number of characters that it added. */
function append(batch: Chunk[], more: Batch): number {
  let chars = 0;
  for (const chunk of more) {
    const last = batch[batch.length - 1];
    if (last === undefined || !join(last, chunk)) batch.push(chunk);
    const text = chunk.case === "partDelta" ? chunk.value.delta.value : undefined;
    if (typeof text === "string") chars += text.length;
  }
  return chars;
}

/** Appends `next` to `last` where they are deltas of one part and kind. */
function join(last: Chunk, next: Chunk): boolean {
  if (last.case !== "partDelta" || next.case !== "partDelta" || last.value.index !== next.value.index) return false;
  const a = last.value.delta;
  const b = next.value.delta;
  if (a.case !== b.case || typeof a.value !== "string" || typeof b.value !== "string") return false;
  a.value += b.value;
  // Appended, not copied: a window can hold thousands of deltas. An empty list may be that of every delta.
  if (last.value.logprobs.length === 0) last.value.logprobs = next.value.logprobs;
  else for (const logprob of next.value.logprobs) last.value.logprobs.push(logprob);
  return true;
}
