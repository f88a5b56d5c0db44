import { create } from "@bufbuild/protobuf";
import { expect, vi } from "vitest";
import { FinishReason, StreamFinishedSchema, StreamStartedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rpc } from "../../../src/model/call.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import type { GatewayError } from "../../../src/model/error.ts";
import type { EventStream } from "../../../src/services/event-stream.ts";
import { type KeepRules, KeptStreams } from "../../../src/services/resume/kept-streams.ts";
import { BatchQueue } from "../../../src/stream/batch-queue.ts";
import { callOf } from "../../interceptors/call/ended-call.ts";

/** Rules that a test may change. */
export const usual: KeepRules = {
  resume: true,
  keepMs: 1000,
  heartbeatMs: 15_000,
  graceMs: 100,
  resetGraceMs: 0,
  bytesMax: 1024 ** 2,
  streamBytesMax: 256 * 1024,
  shared: false,
};
/** The first event. */
export const started: Chunk = { case: "started", value: create(StreamStartedSchema, { id: "cmp_1" }) };
/** The last event. */
export const finished: Chunk = {
  case: "finished",
  value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP }),
};

/** A call's own signal, and who asks. */
export function rpcOf(keyId = "key") {
  const controller = new AbortController();
  const rpc: Rpc = { ...callOf().rpc, caller: { keyId, tenantId: "", models: undefined }, signal: controller.signal };
  return { rpc, end: (reason: GatewayError) => controller.abort(reason) };
}

/** A store with a clock of its own; `rules` may be changed. */
export function storeOf(rules: Partial<KeepRules> = {}) {
  let nowMs = 0;
  const counts = { resumed: { value: 0 }, bytes: { value: 0 }, orphans: { value: 0 } };
  const store = new KeptStreams({
    rules: () => ({ ...usual, ...rules }),
    counts,
    log: () => undefined,
    now: () => nowMs,
  });
  const pass = (ms: number) => {
    nowMs += ms;
    vi.advanceTimersByTime(ms);
  };
  return { store, counts, pass };
}

/** A stream whose events a test puts in, read by a transport as far as the test wants. */
export function opened(store: KeptStreams, keyId = "key") {
  const { rpc, end } = rpcOf(keyId);
  const queue = new BatchQueue<Chunk>(
    () => undefined,
    () => undefined,
  );
  let token = "";
  let signal: AbortSignal | undefined;
  const events = store.open(rpc, (own, given) => {
    token = given;
    signal = own.signal;
    own.signal.addEventListener("abort", () => queue.fail(own.signal.reason));
    return queue;
  });
  const put = (...chunks: Chunk[]) => {
    queue.items.push(...chunks);
    queue.wake();
  };
  const pull = async () => {
    const { value = [] } = await events.next();
    events.encode(value);
  };
  return { events, token, signal, end, put, pull, queue };
}

/** A stream that was sent whole. */
export async function whole(store: KeptStreams, text = "hello") {
  const stream = opened(store);
  stream.put(started, textDelta(0, text), finished);
  await stream.pull();
  stream.queue.end();
  await stream.events.next();
  return stream;
}

/** A call that resumes. */
export const resume = (store: KeptStreams, token: string, after = 0, keyId = "key") => {
  const { rpc, end } = rpcOf(keyId);
  const over = vi.fn();
  return { reader: store.resume({ token, after, rpc, heartbeatMs: 50, over }), over, end };
};

/** The kinds of all events to come. */
export async function rest(reader: EventStream): Promise<string[]> {
  const cases: string[] = [];
  for await (const batch of reader) cases.push(...batch.map((chunk) => chunk.case));
  return cases;
}

/** Lets everything that is ready happen. */
export const settled = () => new Promise(setImmediate);
/** The refusal of a token. */
export const unknown = expect.objectContaining({ reason: "RESUME_TOKEN_INVALID" });
