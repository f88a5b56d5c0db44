import { fromBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StreamCompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { callerLeft, connectionLost } from "../../../src/model/departure.ts";
import { finished, opened, rest, resume, settled, started, storeOf, unknown, whole } from "./kept-stage.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

test("a stream is kept for its time after its end, and not longer", async () => {
  const { store, counts, pass } = storeOf();
  const { token } = await whole(store);
  pass(999);
  expect(await rest(resume(store, token).reader)).toEqual(["started", "partDelta", "finished"]);
  pass(1);
  expect(counts.bytes.value).toBe(0);
  expect(() => resume(store, token)).toThrow(unknown);
});

test("when memory is short, the stream that ended first goes first", async () => {
  const { store, counts } = storeOf({ bytesMax: 26_000 });
  const text = "x".repeat(8000);
  const open = opened(store);
  open.put(started, textDelta(0, "a"));
  await open.pull();
  const one = await whole(store, text);
  const two = await whole(store, text);
  const three = await whole(store, text);
  expect(() => resume(store, one.token)).toThrow(unknown);
  expect(await rest(resume(store, two.token).reader)).toContain("finished");
  expect(await rest(resume(store, three.token).reader)).toContain("finished");
  expect(counts.bytes.value).toBeLessThanOrEqual(26_000);
  open.put(finished);
  await open.pull();
  expect(await rest(resume(store, open.token).reader)).toEqual(["started", "partDelta", "finished"]);
});

test("many short streams take no more memory than there is, what they are themselves included", async () => {
  const bytesMax = 64 * 1024;
  const { store, counts } = storeOf({ bytesMax });
  const streams = [];
  for (let i = 0; i < 64; i++) streams.push(await whole(store, "hi"));
  const [first] = streams;
  expect(counts.bytes.value).toBeLessThanOrEqual(bytesMax);
  expect(counts.bytes.value).toBeGreaterThan(bytesMax - 4096);
  expect(() => resume(store, first?.token ?? "")).toThrow(unknown);
  expect(await rest(resume(store, streams.at(-1)?.token ?? "").reader)).toContain("finished");
});

test("a resumed reader whose stream has to go is told so, and the call ends", async () => {
  const { store, counts } = storeOf({ bytesMax: 10_000 });
  const open = opened(store);
  open.put(started);
  await open.pull();
  open.end(connectionLost);
  const { reader, over } = resume(store, open.token);
  await reader.next();
  const more = reader.next();
  const refused = expect(more).rejects.toMatchObject({ reason: "GATEWAY_OVERLOADED" });
  await whole(store, "x".repeat(9000)).catch(() => undefined);
  await whole(store, "x".repeat(9500)).catch(() => undefined);
  open.put(textDelta(0, "x".repeat(9900)));
  await refused;
  expect(open.signal?.aborted).toBe(true);
  expect(over).toHaveBeenCalledOnce();
  expect(counts.orphans.value).toBe(0);
});

test("a stream without a reader ends after the grace time, unless somebody came", async () => {
  const { store, counts, pass } = storeOf();
  const left = opened(store);
  const taken = opened(store);
  for (const stream of [left, taken]) {
    stream.put(started);
    await stream.pull();
    stream.end(connectionLost);
  }
  expect(counts.orphans.value).toBe(2);
  pass(99);
  const { reader } = resume(store, taken.token);
  pass(1);
  await settled();
  expect(left.signal?.reason).toMatchObject({ reason: "CANCELLED" });
  expect(taken.signal?.aborted).toBe(false);
  taken.put(finished);
  taken.queue.end();
  expect(await rest(reader)).toEqual(["started", "finished"]);
  expect(counts.orphans.value).toBe(0);
});

test("a reader that loses its connection leaves a stream for the next; one that cancels ends it", async () => {
  const { store, counts } = storeOf();
  const open = opened(store);
  open.put(started);
  await open.pull();
  open.end(connectionLost);
  const first = resume(store, open.token);
  first.end(connectionLost);
  expect(counts.orphans.value).toBe(1);
  const second = resume(store, open.token);
  expect(counts.orphans.value).toBe(0);
  second.end(callerLeft);
  await settled();
  expect(open.signal?.reason).toBe(callerLeft);
  expect(() => resume(store, open.token)).toThrow(unknown);
  expect(counts.bytes.value).toBe(0);
});

test("a reader of a silent stream hears heartbeats, which have no number", async () => {
  const { store } = storeOf({ graceMs: 10_000 });
  const open = opened(store);
  open.put(started);
  await open.pull();
  open.end(connectionLost);
  const { reader } = resume(store, open.token, 1);
  const next = reader.next();
  vi.advanceTimersByTime(50);
  const { value = [] } = await next;
  expect(value.map((chunk: Chunk) => chunk.case)).toEqual(["heartbeat"]);
  open.put(finished);
  const { value: last = [] } = await reader.next();
  const message = reader.encode(last).subarray(5);
  expect(fromBinary(StreamCompleteResponseSchema, message)).toMatchObject({
    sequence: 2,
    event: { case: "finished" },
  });
});

test("a resumed stream is not read far ahead of its reader", async () => {
  const { store } = storeOf();
  const open = opened(store);
  open.put(started);
  await open.pull();
  open.end(connectionLost);
  const { reader } = resume(store, open.token);
  let put = 0;
  for (; put < 100; put++) {
    open.put(textDelta(0, "x".repeat(4000)));
    await settled();
    if (open.queue.items.length > 0) break;
  }
  expect(put).toBeGreaterThan(10);
  expect(put).toBeLessThan(30);
  open.put(finished);
  open.queue.end();
  const seen = await rest(reader);
  expect(seen.filter((each) => each === "partDelta").length).toBe(put + 1);
  expect(seen.at(-1)).toBe("finished");
});

test("a call that fails before its first event leaves nothing", async () => {
  const { store, counts } = storeOf();
  const open = opened(store);
  open.queue.fail(callerLeft);
  await expect(open.events.next()).rejects.toBe(callerLeft);
  await open.events.return();
  await settled();
  expect(() => resume(store, open.token)).toThrow(unknown);
  expect(counts.bytes.value).toBe(0);
});
