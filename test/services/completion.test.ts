import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterEach, expect, test, vi } from "vitest";
import {
  CompleteRequestSchema,
  CompletionView,
  FinishReason,
  PartStartedSchema,
  StreamCompleteRequestSchema,
  StreamFinishedSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { CountTokensRequestSchema } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { firstAttempt } from "../../src/dispatch/dispatcher.ts";
import { planOf } from "../../src/dispatch/planner.ts";
import { Router } from "../../src/dispatch/router.ts";
import type { Call, Rpc } from "../../src/model/call.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import type { Dispatch } from "../../src/model/dispatch.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { ModelFacts, Provider } from "../../src/model/target.ts";
import { counted, previewed } from "../../src/services/aside.ts";
import { CompletionHandlers, type CompletionParts } from "../../src/services/completion.ts";
import { KeptStreams } from "../../src/services/resume/kept-streams.ts";
import { createRequestValidator } from "../../src/services/validation.ts";
import { callOf, finished as outcome, replyOf } from "../interceptors/call/ended-call.ts";

afterEach(() => void vi.useRealTimers());

const facts: ModelFacts = {
  type: "completion",
  contextWindow: 1000,
  maxOutputTokens: 100,
  dimensions: 0,
  retireTimeMs: 0,
  inputModalities: [],
  outputModalities: [],
  features: new Set(),
  priceList: { name: "test", prices: [{ meter: "input", nanosPerMillion: 2_000_000_000n, fromInputTokens: 0 }] },
};
const lost = { $typeName: "llmhub.v1.Warning", code: "SETTING_IGNORED", field: "seed", message: "" } as const;
const provider: Provider = {
  id: "acme",
  displayName: "Acme",
  models: new Map([["one", facts]]),
  defaultModel: undefined,
  timeouts: { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 },
  preview: () => [lost],
  countTokens: async () => create(UsageSchema, { inputTokens: 12, source: UsageSource.PROVIDER }),
};
const { preview: _preview, countTokens: _countTokens, ...operationless } = provider;
const bare: Provider = { ...operationless, id: "bare" };

function routerOf(...providers: Provider[]): Router {
  return new Router({
    providers: new Map(providers.map((each) => [each.id, each])),
    aliases: new Map([["fast", "acme/one"]]),
    defaultModel: undefined,
  });
}

const said: Chunk[] = [
  { case: "partStarted", value: create(PartStartedSchema, { part: { part: { case: "text", value: "" } } }) },
  textDelta(0, "hel"),
  textDelta(0, "lo"),
  {
    case: "finished",
    value: create(StreamFinishedSchema, {
      finishReason: FinishReason.STOP,
      usage: { inputTokens: 3, outputTokens: 2, native: { input: 3 } },
      cost: { priceList: "test", lines: [{ meter: "input" }] },
      warnings: [{ code: "LATE" }],
    }),
  },
];

const answering: Dispatch<Call> = async (call) => ({
  ...replyOf(call, Promise.resolve(outcome)),
  warnings: [lost],
  chunks: (async function* () {
    yield structuredClone(said);
  })(),
});

const noneOut = { waitMs: () => 0, obstruction: () => undefined };

function handlersOf(
  dispatch: Dispatch<Call> = answering,
  router = () => routerOf(provider, bare),
  readerAdmitted: CompletionParts["readerAdmitted"] = () => undefined,
) {
  const rejected: { rpc: Rpc; error: unknown }[] = [];
  const callless: Rpc[] = [];
  const rules = {
    heartbeatMs: 15_000,
    resume: false,
    keepMs: 0,
    graceMs: 0,
    resetGraceMs: 0,
    bytesMax: 0,
    streamBytesMax: 0,
    shared: false,
  };
  const counts = { resumed: { value: 0 }, bytes: { value: 0 }, orphans: { value: 0 } };
  const handlers = new CompletionHandlers({
    dispatch,
    count: async (call) => counted(firstAttempt(call, planOf(router(), call), noneOut)),
    preview: async (call) => previewed(firstAttempt(call, planOf(router(), call), noneOut)),
    router,
    validator: createRequestValidator(),
    rejected: (rpc, error) => void rejected.push({ rpc, error }),
    callless: (rpc, error) => {
      callless.push(rpc);
      if (error !== undefined) rejected.push({ rpc, error });
    },
    streams: new KeptStreams({ rules: () => rules, counts, log: () => undefined, now: () => 0 }),
    readerAdmitted,
    newId: () => "cmp_new",
  });
  return { handlers, rejected, callless };
}

const { rpc } = callOf();
const ask = (init: MessageInitShape<typeof CompleteRequestSchema> = {}) =>
  create(CompleteRequestSchema, { model: "fast", input: "hi", ...init });
const askStream = (init: MessageInitShape<typeof CompleteRequestSchema> = {}) =>
  create(StreamCompleteRequestSchema, { start: { case: "request", value: ask(init) } });

test("the unary answer is the fold of the chunks with what the gateway knows", async () => {
  const seen = vi.fn(answering);
  const { handlers } = handlersOf(seen);
  const response = await handlers.complete(ask(), rpc);
  expect(response).toMatchObject({
    id: "cmp_new",
    message: { content: [{ part: { case: "text", value: "hello" } }] },
    finishReason: FinishReason.STOP,
    usage: { inputTokens: 3, outputTokens: 2 },
    routing: { requestedModel: "fast", model: "openai/gpt-4o", attemptCount: 2, attempts: [] },
  });
  expect(response.warnings.map(({ code }) => code)).toEqual(["SETTING_IGNORED", "LATE"]);
  expect(response.usage?.native).toBeUndefined();
  expect(response.cost?.lines).toEqual([]);
  expect(seen).toHaveBeenCalledWith(expect.objectContaining({ id: "cmp_new", rpc, stream: false }));
});

test("the full view has attempts, cost lines and the provider's own usage", async () => {
  const { handlers } = handlersOf();
  const response = await handlers.complete(ask({ view: CompletionView.FULL }), rpc);
  expect(response.routing?.attempts).toHaveLength(2);
  expect(response.usage?.native).toEqual({ input: 3 });
  expect(response.cost?.lines).toHaveLength(1);
});

test("a request against the rules never becomes a call, and is told of", async () => {
  const dispatch = vi.fn(answering);
  const { handlers, rejected } = handlersOf(dispatch);
  await expect(handlers.complete(ask({ temperature: 3 }), rpc)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  const noStart = create(StreamCompleteRequestSchema);
  expect(() => handlers.streamComplete(noStart, rpc)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST" }));
  expect(dispatch).not.toHaveBeenCalled();
  expect(rejected).toMatchObject([
    { rpc, error: { reason: "INVALID_REQUEST" } },
    { rpc, error: { reason: "INVALID_REQUEST" } },
  ]);
});

test("validate_only calls nobody and says what a call would meet", async () => {
  const dispatch = vi.fn(answering);
  const { handlers, callless } = handlersOf(dispatch);
  const response = await handlers.complete(ask({ validateOnly: true, input: "x".repeat(400) }), rpc);
  expect(dispatch).not.toHaveBeenCalled();
  expect(callless).toEqual([rpc]);
  expect(response.message).toBeUndefined();
  expect(response).toMatchObject({
    routing: { requestedModel: "fast", provider: "acme", model: "acme/one", policy: "aliases/fast" },
    warnings: [lost],
    usage: { source: UsageSource.ESTIMATED, outputTokens: 0 },
    cost: { estimated: true, lines: [] },
  });
  expect(response.usage?.inputTokens).toBeGreaterThan(50);
  await expect(handlers.complete(ask({ validateOnly: true, model: "bare/m" }), rpc)).rejects.toMatchObject({
    reason: "FEATURE_DISABLED",
    info: { feature: "bare.complete" },
  });
  expect(() => handlers.streamComplete(askStream({ validateOnly: true }), rpc)).toThrow("validate_only has no stream");
});

test("tokens are counted by the provider, and priced", async () => {
  const { handlers } = handlersOf();
  const count = (model: string) =>
    handlers.countTokens(create(CountTokensRequestSchema, { request: ask({ model }) }), rpc);
  expect(await count("fast")).toMatchObject({
    usage: { inputTokens: 12, source: UsageSource.PROVIDER },
    contextWindow: 1000,
    model: "acme/one",
    cost: { total: { amountNanos: 24_000n } },
  });
  await expect(count("bare/m")).rejects.toMatchObject({
    reason: "FEATURE_DISABLED",
    info: { feature: "bare.count_tokens" },
  });
  await expect(handlers.countTokens(create(CountTokensRequestSchema), rpc)).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
  });
});

test("a stream has started first, finished last, and the same sum", async () => {
  const { handlers } = handlersOf();
  const cases: string[] = [];
  for await (const batch of handlers.streamComplete(askStream(), rpc)) cases.push(...batch.map((chunk) => chunk.case));
  expect(cases).toEqual(["started", "partStarted", "partDelta", "partDelta", "finished"]);
});

test("the interval of the request rules the heartbeats", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const { handlers } = handlersOf(() => new Promise(() => undefined));
  const request = create(StreamCompleteRequestSchema, {
    start: askStream().start,
    options: { heartbeatInterval: { seconds: 1n, nanos: 500_000_000 } },
  });
  const stream = handlers.streamComplete(request, rpc);
  const first = stream.next();
  vi.advanceTimersByTime(1499);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  expect((await first).value).toMatchObject([
    { case: "started", value: { id: "cmp_new", routing: { model: "acme/one", policy: "aliases/fast" } } },
    { case: "heartbeat" },
  ]);
});

test("a call keeps its configuration: a heartbeat after a reload that removed the model is none the wiser", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  let router = routerOf(provider);
  const { handlers } = handlersOf(
    () => new Promise(() => undefined),
    () => router,
  );
  const first = handlers.streamComplete(askStream(), rpc).next();
  router = new Router({ providers: new Map(), aliases: new Map(), defaultModel: undefined });
  vi.advanceTimersByTime(15_000);
  expect((await first).value?.[0]).toMatchObject({ case: "started", value: { routing: { model: "acme/one" } } });
});

test("a heartbeat before an extension has made a call of it that has a plan says nothing of its route", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const extended = Promise.withResolvers<void>();
  const dispatch: Dispatch<Call> = (call) => extended.promise.then(() => answering(call));
  const stream = handlersOf(dispatch).handlers.streamComplete(askStream({ model: "nobody/auto" }), rpc);
  const first = stream.next();
  vi.advanceTimersByTime(15_000);
  const [started, heartbeat] = (await first).value ?? [];
  expect(started).toMatchObject({ case: "started", value: { id: "cmp_new" } });
  expect(started).not.toHaveProperty("value.routing");
  expect(heartbeat?.case).toBe("heartbeat");
  const second = stream.next();
  extended.resolve();
  expect((await second).value?.[0]?.case).toBe("partStarted");
  await stream.return();
});

test("a failure of the dispatch is the failure of the stream", async () => {
  const error = new GatewayError("MODEL_NOT_FOUND", "no");
  const { handlers } = handlersOf(() => Promise.reject(error));
  await expect(handlers.streamComplete(askStream(), rpc).next()).rejects.toBe(error);
});

test("a reader who leaves before limits have let it in is told of, and gives back what it takes", async () => {
  const admitted = Promise.withResolvers<{ release: () => void }>();
  let released = 0;
  const { handlers, callless, rejected } = handlersOf(undefined, undefined, () => admitted.promise);
  const start = { case: "resume", value: { token: "t", afterSequence: 0 } } as const;
  const events = handlers.streamComplete(create(StreamCompleteRequestSchema, { start }), rpc);
  const next = events.next();
  await events.return();
  admitted.resolve({ release: () => released++ });
  await expect(next).rejects.toMatchObject({ reason: "CANCELLED" });
  expect([callless, released]).toEqual([[rpc], 1]);
  expect(rejected).toMatchObject([{ rpc, error: { reason: "CANCELLED" } }]);
});
