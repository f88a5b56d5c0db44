import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  CompleteRequestSchema,
  CompletionFailureSchema,
  CompletionView,
  FinishReason,
  StreamFinishedSchema,
  StreamRestartedSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { RoutingInfoSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { CostSchema, UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Reply } from "../../src/model/reply.ts";
import { EventFeed } from "../../src/services/event-feed.ts";
import { BatchQueue } from "../../src/stream/batch-queue.ts";
import { callOf, finished as outcome, replyOf } from "../interceptors/call/ended-call.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const heartbeatMs = 1000;
const finished = (): Chunk => ({
  case: "finished",
  value: create(StreamFinishedSchema, {
    finishReason: FinishReason.STOP,
    usage: { inputTokens: 3, outputTokens: 2, native: { input: 3 } },
    cost: { priceList: "test", lines: [{ meter: "input", quantity: 3n }] },
    warnings: [{ code: "LATE" }],
  }),
});

interface Setting {
  readonly allowRestart?: true;
  readonly view?: CompletionView;
  readonly heartbeatMs?: number;
}

/** A feed whose reply a test opens and fills. */
function feedOf({ view = CompletionView.BASIC, heartbeatMs: everyMs = heartbeatMs, ...rest }: Setting = {}) {
  const left = vi.fn();
  const queue = new BatchQueue<Chunk>(() => undefined, left);
  const call = callOf({ request: create(CompleteRequestSchema, { model: "fast", view }), stream: true, ...rest });
  const warnings = [{ $typeName: "llmhub.v1.Warning", code: "EARLY", field: "", message: "" } as const];
  const reply: Reply = { ...replyOf(call, Promise.resolve(outcome)), warnings, chunks: queue };
  const replying = Promise.withResolvers<Reply>();
  const planned = vi.fn(() => create(RoutingInfoSchema, { model: "planned/model" }));
  const feed = new EventFeed(call, planned, replying.promise, everyMs, "");
  const put = (...chunks: Chunk[]): void => {
    queue.items.push(...chunks);
    queue.wake();
  };
  const refuse = (error: unknown): void => replying.reject(error);
  return { feed, queue, put, left, planned, refuse, open: () => replying.resolve(reply) };
}

/** Lets everything that is ready happen. */
const settled = () => new Promise(setImmediate);

const casesOf = ({ value = [] }: IteratorResult<readonly Chunk[]>) => value.map((chunk: Chunk) => chunk.case);

test("started comes with the first batch and says who answers", async () => {
  const { feed, put, open, planned } = feedOf();
  open();
  put(textDelta(0, "a"));
  const first = await feed.next();
  expect(casesOf(first)).toEqual(["started", "partDelta"]);
  expect(first.value?.[0]?.value).toMatchObject({
    id: "cmp_1",
    routing: { requestedModel: "fast", model: "openai/gpt-4o", attemptCount: 2 },
    warnings: [{ code: "EARLY" }],
  });
  expect(planned).not.toHaveBeenCalled();
  put(textDelta(0, "b"));
  expect(casesOf(await feed.next())).toEqual(["partDelta"]);
});

test.each([
  [CompletionView.BASIC, 0, undefined, 0],
  [CompletionView.FULL, 2, { input: 3 }, 1],
])("finished completes routing, warnings and view %i", async (view, attempts, native, lines) => {
  const { feed, queue, put, open } = feedOf({ view });
  open();
  put(finished());
  queue.end();
  const { value: batch = [] }: IteratorResult<readonly Chunk[]> = await feed.next();
  const last: Chunk | undefined = batch[1];
  if (last?.case !== "finished") throw new Error("finished is missing");
  expect(last.value.routing?.attempts).toHaveLength(attempts);
  expect(last.value.warnings.map(({ code }) => code)).toEqual(["EARLY", "LATE"]);
  expect(last.value.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  expect(last.value.usage?.native).toEqual(native);
  expect(last.value.cost?.lines).toHaveLength(lines);
  expect((await feed.next()).done).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("silence before any answer brings started, as far as known, and heartbeats", async () => {
  const { feed, put, open } = feedOf();
  const first = feed.next();
  vi.advanceTimersByTime(heartbeatMs);
  expect(casesOf(await first)).toEqual(["started", "heartbeat"]);
  expect((await first).value?.[0]?.value).toMatchObject({ routing: { model: "planned/model" } });
  const second = feed.next();
  vi.advanceTimersByTime(heartbeatMs);
  expect(casesOf(await second)).toEqual(["heartbeat"]);
  const third = feed.next();
  open();
  put(textDelta(0, "a"));
  expect(casesOf(await third)).toEqual(["partDelta"]);
});

test("no silence is longer than the interval, and no heartbeat comes early", async () => {
  const { feed, put, open } = feedOf();
  open();
  vi.advanceTimersByTime(heartbeatMs * 0.6);
  put(textDelta(0, "a"));
  await feed.next();
  let beats = 0;
  const next = feed.next().then((result) => {
    beats += casesOf(result).length;
  });
  vi.advanceTimersByTime(heartbeatMs * 0.9);
  await settled();
  expect(beats).toBe(0);
  vi.advanceTimersByTime(heartbeatMs * 0.1);
  await next;
  expect(beats).toBe(1);
});

test("nobody who does not ask gets heartbeats", async () => {
  const { feed, put, open } = feedOf();
  vi.advanceTimersByTime(heartbeatMs * 5);
  open();
  put(textDelta(0, "a"));
  expect(casesOf(await feed.next())).toEqual(["started", "partDelta"]);
});

test("an interval of zero is none", () => {
  feedOf({ heartbeatMs: 0 });
  expect(vi.getTimerCount()).toBe(0);
});

test("an answer that comes while nobody asks is kept", async () => {
  const { feed, put, open } = feedOf();
  const first = feed.next();
  vi.advanceTimersByTime(heartbeatMs);
  await first;
  open();
  put(textDelta(0, "a"));
  await settled();
  expect(casesOf(await feed.next())).toEqual(["partDelta"]);
});

const usage = create(UsageSchema, { inputTokens: 7, outputTokens: 1 });
const cost = create(CostSchema, { priceList: "test" });
const broken = () =>
  new GatewayError("STREAM_INTERRUPTED", "cut").withFailure(create(CompletionFailureSchema, { usage, cost }));

test("a failure before anything else is all there is", async () => {
  const { feed, refuse } = feedOf();
  const error = broken();
  refuse(error);
  await expect(feed.next()).rejects.toBe(error);
  await expect(feed.next()).rejects.toBe(error);
  expect(vi.getTimerCount()).toBe(0);
});

test("a failure that comes while nobody asks waits for the reader", async () => {
  const { feed, refuse } = feedOf();
  const first = feed.next();
  vi.advanceTimersByTime(heartbeatMs);
  await first;
  const error = new GatewayError("PROVIDER_UNAVAILABLE", "down");
  refuse(error);
  await settled();
  await expect(feed.next()).rejects.toBe(error);
});

test("a failure in between is told after the usage that is charged all the same", async () => {
  const { feed, queue, put, open } = feedOf();
  open();
  put(textDelta(0, "a"));
  await feed.next();
  const error = broken();
  queue.fail(error);
  const last = await feed.next();
  expect(last.value).toMatchObject([{ case: "usage", value: { usage, cost } }]);
  await expect(feed.next()).rejects.toBe(error);
});

test("what is no GatewayError becomes one", async () => {
  const { feed, refuse } = feedOf();
  refuse(new TypeError("canary"));
  await expect(feed.next()).rejects.toMatchObject({
    reason: "INTERNAL",
    rawMessage: expect.not.stringMatching("canary"),
  });
});

test("a reader that gives up stops timer and source", async () => {
  const { feed, put, open, left } = feedOf();
  open();
  put(textDelta(0, "a"));
  await feed.next();
  await feed.return();
  expect(left).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test("a restart says how the call is served from then on, wherever it stands in a batch", async () => {
  const { feed, put, open } = feedOf({ allowRestart: true });
  open();
  put(textDelta(0, "a"));
  await feed.next();
  put({ case: "restarted", value: create(StreamRestartedSchema) }, textDelta(0, "b"));
  const { value } = await feed.next();
  expect(value?.[0]).toMatchObject({ case: "restarted", value: { routing: { model: "openai/gpt-4o" } } });
});
