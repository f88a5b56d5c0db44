import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UsageUpdateSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { callerLeft, connectionLost } from "../../../src/model/departure.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { KeptStreams } from "../../../src/services/resume/kept-streams.ts";
import type { StreamLog } from "../../../src/services/resume/stream-log.ts";
import { finished, opened, rest, resume, rpcOf, settled, started, storeOf, usual } from "./kept-stage.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A stream whose first event was sent before its connection broke. */
async function orphan(at: ReturnType<typeof storeOf>, keyId = "key") {
  const stream = opened(at.store, keyId);
  stream.put(started);
  await stream.pull();
  stream.end(connectionLost);
  return stream;
}

/** An event that no message can hold: a count of tokens is a whole number. */
const misshapen: Chunk = {
  case: "usage",
  value: create(UsageUpdateSchema, {
    usage: { $typeName: "llmhub.v1.Usage", inputTokens: 0.5 } as never,
  }),
};

test("where proxies stand in between, a stream that is reset goes on for a while; elsewhere it is cancelled", async () => {
  for (const resetGraceMs of [200, 0]) {
    const at = storeOf({ resetGraceMs });
    const stream = opened(at.store);
    stream.put(started);
    await stream.pull();
    stream.end(callerLeft);
    expect(stream.signal?.aborted).toBe(resetGraceMs === 0);
    if (resetGraceMs === 0) continue;
    // Its next reader is reset, too.
    const { reader, end } = resume(at.store, stream.token);
    await reader.next();
    end(callerLeft);
    at.pass(199);
    expect(stream.signal?.aborted).toBe(false);
    at.pass(1);
    expect(stream.signal?.reason).toMatchObject({ reason: "CANCELLED" });
  }
});

test("a stream without a transport is read to its very end, where its source gives back what it has", async () => {
  const at = storeOf();
  const { queue, put } = await orphan(at);
  const next = vi.spyOn(queue, "next");
  put(finished);
  await settled();
  queue.end();
  await settled();
  const last = await next.mock.results.at(-1)?.value;
  expect(last).toEqual({ done: true, value: undefined });
});

test("an event that cannot be encoded ends a stream without a transport, and its reader is told", async () => {
  const at = storeOf();
  const { token, signal, put } = await orphan(at);
  const { reader, over } = resume(at.store, token, 1);
  const reading = expect(rest(reader)).rejects.toMatchObject({ reason: "INTERNAL" });
  put(misshapen);
  await reading;
  expect(signal?.aborted).toBe(true);
  expect(over).toHaveBeenCalledOnce();
});

test("a transport that gives a resumed stream up without a word ends it", async () => {
  const at = storeOf();
  const { token, signal } = await orphan(at);
  const { reader } = resume(at.store, token);
  await reader.next();
  await reader.return();
  await settled();
  expect(signal?.aborted).toBe(true);
  expect(at.counts.bytes.value).toBe(0);
});

test("a call that is over before it resumes takes nobody's place", async () => {
  const at = storeOf();
  const { token, put, queue } = await orphan(at);
  const { reader } = resume(at.store, token);
  const { rpc, end } = rpcOf();
  end(new GatewayError("DEADLINE_EXCEEDED", "late"));
  const over = vi.fn();
  const late = at.store.resume({ token, after: 0, rpc, heartbeatMs: 0, over });
  await expect(late.next()).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  expect(over).toHaveBeenCalledOnce();
  put(textDelta(0, "on"), finished);
  queue.end();
  expect(await rest(reader)).toEqual(["started", "partDelta", "finished"]);
});

test("a resumed stream that has ended leaves no timer", async () => {
  const at = storeOf();
  const { token, queue } = await orphan(at);
  const { reader } = resume(at.store, token, 1);
  const last = reader.next();
  queue.end();
  expect((await last).done).toBe(true);
  // What is left forgets the stream when its time comes.
  expect(vi.getTimerCount()).toBe(1);
});

test("one API key does not take the room for streams without readers from the others", async () => {
  const at = storeOf({ bytesMax: 1024 ** 3 });
  const streams = [];
  for (let i = 0; i < 501; i++) streams.push(await orphan(at, "greedy"));
  expect(streams.filter(({ signal }) => signal?.aborted)).toEqual([streams.at(-1)]);
  expect((await orphan(at, "modest")).signal?.aborted).toBe(false);
  resume(at.store, streams[0]?.token ?? "", 0, "greedy");
  expect((await orphan(at, "greedy")).signal?.aborted).toBe(false);
  at.pass(usual.graceMs);
  await settled();
  expect(at.counts.orphans.value).toBe(0);
  expect((await orphan(at, "greedy")).signal?.aborted).toBe(false);
});

test("where streams can no longer be resumed, none goes on alone", async () => {
  let { resume: isOn } = usual;
  const counts = { resumed: { value: 0 }, bytes: { value: 0 }, orphans: { value: 0 } };
  const rules = () => ({ ...usual, resume: isOn });
  const store = new KeptStreams({ rules, counts, log: () => undefined, now: () => 0 });
  const stream = opened(store);
  stream.put(started);
  await stream.pull();
  isOn = false;
  stream.end(connectionLost);
  expect(stream.signal?.reason).toBe(connectionLost);
  expect(counts.orphans.value).toBe(0);
});

test("when the process stops, the log has how the streams end that nobody reads", async () => {
  const ends: (string | undefined)[] = [];
  const log: StreamLog = {
    write: async ({ entry }) => ends.push(entry.end) === 0,
    newest: async () => undefined,
    read: async () => [],
    attend: async () => true,
    drop: async () => undefined,
  };
  const counts = { resumed: { value: 0 }, bytes: { value: 0 }, orphans: { value: 0 } };
  const store = new KeptStreams({ rules: () => ({ ...usual, shared: true }), counts, log: () => log, now: () => 0 });
  const stream = opened(store);
  stream.put(started);
  await stream.pull();
  stream.end(connectionLost);
  await settled();
  await store.close(new GatewayError("GATEWAY_DRAINING", "stopped"));
  expect(JSON.parse(ends.at(-1) ?? "{}")).toMatchObject({ reason: "GATEWAY_DRAINING" });
});

test("who reads a silent stream of another replica asks no more when the call is over", async () => {
  const silent: StreamLog = {
    write: async () => false,
    newest: async () => ({ keyId: "key", sequence: 1, messages: Buffer.alloc(0), end: undefined }),
    read: async () => [],
    attend: async () => true,
    drop: async () => undefined,
  };
  const attended = vi.spyOn(silent, "attend");
  const counts = { resumed: { value: 0 }, bytes: { value: 0 }, orphans: { value: 0 } };
  const rules = () => ({ ...usual, shared: true });
  const store = new KeptStreams({ rules, counts, log: () => silent, now: () => 0 });
  const { rpc, end } = rpcOf();
  const reader = store.resume({ token: "elsewhere", after: 1, rpc, heartbeatMs: 0, over: vi.fn() });
  const refused = expect(reader.next()).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  await settled();
  end(new GatewayError("DEADLINE_EXCEEDED", "late"));
  vi.advanceTimersByTime(100);
  await settled();
  const { length } = attended.mock.calls;
  vi.advanceTimersByTime(1000);
  await settled();
  expect(attended.mock.calls).toHaveLength(length);
  await refused;
});
