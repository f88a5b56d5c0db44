import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  FinishReason,
  PartDeltaSchema,
  PartStartedSchema,
  StreamFinishedSchema,
  StreamStartedSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { Fold } from "../../src/model/fold.ts";
import { coalesce } from "../../src/services/coalesce.ts";
import { BatchQueue } from "../../src/stream/batch-queue.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const windowMs = 50;
const started: Chunk = { case: "started", value: create(StreamStartedSchema, { id: "c" }) };

/** A source that a test fills, read through a window of 50 ms. */
function windowed() {
  const left = vi.fn();
  const queue = new BatchQueue<Chunk>(() => undefined, left);
  const put = (...chunks: Chunk[]): void => {
    queue.items.push(...chunks);
    queue.wake();
  };
  return { queue, put, left, read: coalesce(queue, windowMs) };
}

/** Lets everything that is ready happen. */
const settled = () => new Promise(setImmediate);

async function textsOf(next: Promise<IteratorResult<readonly Chunk[]>>): Promise<unknown[]> {
  const { value = [] } = await next;
  return value.map((chunk: Chunk) => (chunk.case === "partDelta" ? chunk.value.delta.value : chunk.case));
}

test("what comes within a window is one batch with one delta", async () => {
  const { put, read } = windowed();
  const next = read.next();
  put(textDelta(0, "a"));
  await settled();
  put(textDelta(0, "b"), textDelta(0, "c"));
  await settled();
  vi.advanceTimersByTime(windowMs);
  expect(await textsOf(next)).toEqual(["abc"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("deltas of another part or kind are not joined", async () => {
  const { put, read } = windowed();
  const next = read.next();
  const reasoning = create(PartDeltaSchema, { index: 1, delta: { case: "reasoning", value: "r" } });
  put(textDelta(0, "a"), textDelta(1, "b"), { case: "partDelta", value: reasoning }, textDelta(1, "c"));
  await settled();
  vi.advanceTimersByTime(windowMs);
  expect(await textsOf(next)).toEqual(["a", "b", "r", "c"]);
});

test("the batch with the started chunk is not delayed", async () => {
  const { put, read } = windowed();
  put(started, textDelta(0, "a"));
  expect(await textsOf(read.next())).toEqual(["started", "a"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("the end cuts a window short", async () => {
  const { queue, put, read } = windowed();
  put(textDelta(0, "a"));
  queue.end();
  expect(await textsOf(read.next())).toEqual(["a"]);
  expect(await read.next()).toEqual({ done: true, value: undefined });
});

test("a failure comes after what was gathered", async () => {
  const { queue, put, read } = windowed();
  const next = read.next();
  put(textDelta(0, "a"));
  await settled();
  queue.fail(new Error("reset"));
  expect(await textsOf(next)).toEqual(["a"]);
  await expect(read.next()).rejects.toThrow("reset");
});

test("a fast source does not make a message without end", async () => {
  const { put, read } = windowed();
  const next = read.next();
  const sent = 20;
  for (let i = 0; i < sent; i++) {
    put(textDelta(0, "x".repeat(10_000)));
    await settled();
  }
  const [text] = await textsOf(next);
  expect(String(text).length).toBe(70_000);
  expect(vi.getTimerCount()).toBe(0);
});

test("a reader that gives up tells the source", async () => {
  const { put, read, left } = windowed();
  put(started);
  await read.next();
  await read.return(undefined);
  expect(left).toHaveBeenCalledOnce();
});

const delta = fc.record({ index: fc.nat(1), text: fc.string({ unit: "grapheme" }), scored: fc.boolean() }).map(
  ({ index, text, scored }): Chunk => ({
    case: "partDelta",
    value: create(PartDeltaSchema, {
      index,
      delta: { case: "text", value: text },
      logprobs: scored ? [{ token: text, logprob: -1 }] : [],
    }),
  }),
);

function foldOf(chunks: readonly Chunk[]) {
  const fold = new Fold();
  const part = { part: { case: "text", value: "" } } as const;
  for (const index of [0, 1]) {
    fold.add({ case: "partStarted", value: create(PartStartedSchema, { index, part }) });
  }
  for (const chunk of chunks) fold.add(chunk);
  fold.add({ case: "finished", value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP }) });
  return fold.response();
}

test("the sum is that of the source", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(delta, { minLength: 1, maxLength: 5 }), { maxLength: 8 }), async (batches) => {
      const wanted = foldOf(batches.flat());
      const { queue, put, read } = windowed();
      const got: Chunk[] = [];
      const reading = (async () => {
        for await (const batch of read) got.push(...batch);
      })();
      for (const [i, batch] of batches.entries()) {
        put(...batch);
        await settled();
        if (i % 3 === 2) vi.advanceTimersByTime(windowMs);
      }
      queue.end();
      await reading;
      expect(foldOf(got)).toEqual(wanted);
    }),
    { numRuns: 50 },
  );
});
