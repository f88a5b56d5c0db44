import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  CacheMode,
  type CompleteRequest,
  CompleteRequestSchema,
  type CompleteResponse,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../../gen/llmhub/v1/routing_pb.ts";
import { AnswerCache, type CacheParts, type Counts } from "../../../src/cache/answer-cache.ts";
import { completions } from "../../../src/cache/completions.ts";
import { MemoryStore } from "../../../src/cache/memory.ts";
import { Renewals } from "../../../src/cache/renewals.ts";
import type { AnswerStore } from "../../../src/cache/store.ts";
import { cache } from "../../../src/interceptors/call/cache.ts";
import type { Call } from "../../../src/model/call.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { Fold } from "../../../src/model/fold.ts";
import type { Reply } from "../../../src/model/reply.ts";
import { unfold } from "../../../src/model/unfold.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { rpcWith } from "../../support/rpc.ts";
import { callOf, failedAttempt, finished, replyOf } from "./ended-call.ts";

const minuteMs = 60_000;
const down = () => Promise.reject(new Error("down"));
const broken: AnswerStore = {
  get: down,
  set: down,
  delete: down,
  clear: down,
  drop: down,
  measure: down,
  statistics: undefined,
};
const uncounted: Counts = {
  own: () => ({ hits: 0, misses: 0 }),
  all: down,
  evictions: () => undefined,
  close: async () => undefined,
};
const asking = { model: "fast", input: "hi", temperature: 0 };
const request = create(CompleteRequestSchema, asking);

/** An answer of one text. */
function chunksOf(text: string): Chunk[] {
  const fold = new Fold();
  const part = { case: "text", value: text } as const;
  const started = { $typeName: "llmhub.v1.PartStarted", index: 0 } as const;
  fold.add({
    case: "partStarted",
    value: { ...started, part: { $typeName: "llmhub.v1.ContentPart", part, citations: [], providerOptions: {} } },
  });
  const response = fold.response();
  response.finishReason = finished.finishReason;
  return unfold(response);
}

function firstChoice(call: Call, chunks: Chunk[]): Reply {
  const reply = replyOf(call, Promise.resolve(finished));
  return { ...reply, attempt: { ...reply.attempt, failures: [] }, chunks: batches([chunks]) };
}

/** The interceptor around a provider that counts its answers, with a clock of its own. */
function stage(over: Partial<CacheParts> & { reply?: (call: Call, chunks: Chunk[]) => Reply } = {}) {
  let nowMs = 1_000_000;
  let answers = 0;
  let failures = 0;
  const now = () => nowMs;
  const parts: CacheParts = {
    store: new MemoryStore({ bytesMax: 1024 ** 2, now, evicted: () => undefined }),
    settings: { scope: "key", ttlMs: 10 * minuteMs, staleMs: 0, entryBytesMax: 1024 },
    driver: "memory",
    counts: uncounted,
    generation: "",
    secret: async () => new Uint8Array(32),
    now,
    changed: () => undefined,
    failed: () => failures++,
    ...over,
  };
  const answersCache = new AnswerCache(parts);
  const metrics = new Metrics("test");
  const { attempt } = replyOf(callOf(), Promise.resolve(finished));
  const prospect = () => ({ policy: "", targets: [attempt.target] });
  const answered = async () => undefined;
  const replied = over.reply ?? firstChoice;
  const next = new AnswerCache({ ...parts, generation: "next" });
  let current = answersCache;
  const asked = async (call: Call) => replied(call, chunksOf(`answer ${++answers}`));
  const ask = cache<CompleteRequest, Reply, CompleteResponse>(
    completions,
    { current: () => current, prospect, answered, renewals: new Renewals(), newId: () => "cmp_2", metrics },
    asked,
  )(asked);
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    failures: () => failures,
    /** What happens when an operator drops all answers. */
    flush: () => void answersCache.flush({}, new AbortController().signal),
    /** What happens when a configuration is loaded, or the one before again. */
    load: (which: "next" | "first") => {
      current = which === "next" ? next : answersCache;
    },
    /** What is said, and what the cache did. */
    async said(asked: CompleteRequest = request, cacheControl?: string): Promise<string> {
      const reply = await ask(callOf({ request: asked, rpc: rpcWith({ cacheControl }) }));
      const fold = new Fold();
      for await (const batch of reply.chunks) for (const chunk of batch) fold.add(chunk);
      const part = fold.response().message?.content[0]?.part;
      const status = Object.entries(CacheStatus).find(([, value]) => value === reply.attempt.call.cache?.status);
      return `${part?.case === "text" ? part.value : ""} ${status?.[0]}`;
    },
  };
}

async function* batches(list: readonly Chunk[][]): AsyncGenerator<readonly Chunk[]> {
  yield* list;
}

test("an answer is good for its time, and then asked for anew", async () => {
  const at = stage();
  expect(await at.said()).toBe("answer 1 MISS");
  at.pass(10 * minuteMs - 1);
  expect(await at.said()).toBe("answer 1 HIT");
  at.pass(2);
  expect(await at.said()).toBe("answer 2 MISS");
});

test("a request may set the time of its answer", async () => {
  const at = stage();
  const long = create(CompleteRequestSchema, { ...asking, cache: { ttl: { seconds: 3600n } } });
  expect(await at.said(long)).toBe("answer 1 MISS");
  at.pass(59 * minuteMs);
  expect(await at.said()).toBe("answer 1 HIT");
  at.pass(2 * minuteMs);
  expect(await at.said()).toBe("answer 2 MISS");
});

test("a request may say how old is too old, and then renews the answer for others", async () => {
  const at = stage();
  await at.said();
  at.pass(30_000);
  expect(await at.said(request, "max-age=30")).toBe("answer 1 HIT");
  at.pass(1000);
  expect(await at.said(request, "max-age=30")).toBe("answer 2 MISS");
  expect(await at.said()).toBe("answer 2 HIT");
});

test("only-if-cached does not take what is too old", async () => {
  const at = stage();
  await at.said();
  at.pass(31_000);
  await expect(at.said(request, "only-if-cached, max-age=30")).rejects.toMatchObject({ reason: "CACHE_MISS" });
});

test("an answer that a configuration gives after the call met another is kept for neither", async () => {
  const at = stage({
    reply: (call, chunks) => {
      at.load("next");
      return firstChoice(call, chunks);
    },
  });
  expect(await at.said()).toBe("answer 1 MISS");
  expect(await at.said(request, "max-age=60")).toBe("answer 2 MISS");
  at.load("first");
  expect(await at.said()).toBe("answer 3 MISS");
});

test("an answer that was asked for before all are dropped is not kept after", async () => {
  const at = stage({
    reply: (call, chunks) => {
      if (answers++ === 0) at.flush();
      return firstChoice(call, chunks);
    },
  });
  let answers = 0;
  expect([await at.said(), await at.said(), await at.said()]).toEqual([
    "answer 1 MISS",
    "answer 2 MISS",
    "answer 2 HIT",
  ]);
});

/** Answers that are good for ten minutes, and given for five more. */
const stale = { settings: { scope: "key", ttlMs: 10 * minuteMs, staleMs: 5 * minuteMs, entryBytesMax: 1024 } } as const;
const turn = () => new Promise(setImmediate);

test("an answer that has had its time is given once more, and renewed meanwhile", async () => {
  const at = stage(stale);
  await at.said();
  at.pass(10 * minuteMs + 1);
  expect(await at.said()).toBe("answer 1 HIT");
  await turn();
  expect(await at.said()).toBe("answer 2 HIT");
  at.pass(10 * minuteMs - 1);
  expect(await at.said()).toBe("answer 2 HIT");
  await turn();
  expect(await at.said()).toBe("answer 2 HIT");
});

test("an answer that was stale for too long is asked for anew", async () => {
  const at = stage(stale);
  await at.said();
  at.pass(15 * minuteMs + 1);
  expect(await at.said()).toBe("answer 2 MISS");
});

test("what was to be given for longer under another configuration is not", async () => {
  // As in Redis, whose entries outlive configurations.
  const store = new MemoryStore({ bytesMax: 1024 ** 2, now: () => 0, evicted: () => undefined });
  const before = stage({ ...stale, store });
  await before.said();
  const after = stage({ store });
  after.pass(11 * minuteMs);
  // Clocks of replicas may differ.
  expect(await after.said()).toBe("answer 1 HIT");
  after.pass(1);
  expect(await after.said()).toBe("answer 1 MISS");
});

test("a request that says how old is too old takes nothing stale; one that takes nothing but the cache does, and renews nothing", async () => {
  const at = stage(stale);
  await at.said();
  at.pass(11 * minuteMs);
  expect(await at.said(request, "only-if-cached")).toBe("answer 1 HIT");
  await turn();
  expect(await at.said(request, "max-age=86400, only-if-cached").catch(({ reason }) => reason)).toBe("CACHE_MISS");
  expect(await at.said(request, "max-age=86400")).toBe("answer 2 MISS");
});

test("a renewal lives as long as the answer that it renews", async () => {
  const at = stage(stale);
  await at.said(create(CompleteRequestSchema, { ...asking, cache: { ttl: { seconds: 3600n } } }));
  at.pass(61 * minuteMs);
  expect(await at.said()).toBe("answer 1 HIT");
  await turn();
  at.pass(59 * minuteMs);
  expect(await at.said()).toBe("answer 2 HIT");
  await turn();
  expect(await at.said()).toBe("answer 2 HIT");
});

test("an answer that is a second choice is not kept", async () => {
  const at = stage({
    reply: (call, chunks) => ({ ...replyOf(call, Promise.resolve(finished)), chunks: batches([chunks]) }),
  });
  expect([await at.said(), await at.said()]).toEqual(["answer 1 MISS", "answer 2 MISS"]);
});

test("an answer after a repeat at the same target is kept", async () => {
  const at = stage({
    reply: (call, chunks) => {
      const reply = replyOf(call, Promise.resolve(finished));
      const failures = [{ ...failedAttempt("openai", "PROVIDER_OVERLOADED", 503), model: "openai/gpt-4o" }];
      return { ...reply, attempt: { ...reply.attempt, failures }, chunks: batches([chunks]) };
    },
  });
  expect([await at.said(), await at.said()]).toEqual(["answer 1 MISS", "answer 1 HIT"]);
});

test("a store that fails is done without, and told of", async () => {
  const at = stage({ store: broken, secret: down });
  expect([await at.said(), await at.said()]).toEqual(["answer 1 MISS", "answer 2 MISS"]);
  expect(at.failures()).toBe(6);
});

test("bytes in the store that are no answer are dropped", async () => {
  const kept = new Map<string, Uint8Array>();
  const store: AnswerStore = {
    ...broken,
    get: async (key) => kept.get(key),
    set: async (key) => kept.set(key, Buffer.from("not an answer")).has(key),
    delete: async (key) => void kept.delete(key),
  };
  const at = stage({ store });
  await at.said();
  expect(kept.size).toBe(1);
  expect(await at.said(create(CompleteRequestSchema, { ...asking, cache: { mode: CacheMode.READ_WRITE } }))).toBe(
    "answer 2 MISS",
  );
});

test("a long answer passes in order, however it is cut, and is not kept", async () => {
  const words = Array.from({ length: 3000 }, (_, i) => `${i} `);
  const [begin, , ...end] = chunksOf("");
  if (begin === undefined) throw new Error("an answer begins");
  const whole = [begin, ...words.map((word) => textDelta(0, word)), ...end];
  const at = stage({
    reply: (call) => {
      const cut = Array.from({ length: Math.ceil(whole.length / 7) }, (_, i) => whole.slice(i * 7, i * 7 + 7));
      return { ...firstChoice(call, whole), chunks: batches(cut) };
    },
  });
  expect(await at.said()).toBe(`${words.join("")} MISS`);
  expect(await at.said()).toBe(`${words.join("")} MISS`);
});
