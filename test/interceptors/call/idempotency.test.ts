import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  type CompleteResponse,
  CompletionFailureSchema,
  PartStartedSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { RoutingInfoSchema } from "../../../gen/llmhub/v1/routing_pb.ts";
import { completions } from "../../../src/cache/completions.ts";
import { KeyBook } from "../../../src/cache/idempotency/key-book.ts";
import { accessLog } from "../../../src/interceptors/call/access-log.ts";
import { idempotent } from "../../../src/interceptors/call/idempotency.ts";
import { witnessed } from "../../../src/interceptors/call/witness.ts";
import type { Call } from "../../../src/model/call.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { Fold } from "../../../src/model/fold.ts";
import type { Reply } from "../../../src/model/reply.ts";
import { unfold } from "../../../src/model/unfold.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { memoryLogger } from "../../support/memory-logger.ts";
import { rpcWith } from "../../support/rpc.ts";
import { callOf, finished, replyOf } from "./ended-call.ts";

const keepMs = 86_400_000;
const settings = { keepMs, waitMs: 1000, shared: false, bytesMax: 1024 ** 2, entryBytesMax: 4096 };

async function* batches(list: readonly (readonly Chunk[])[]): AsyncGenerator<readonly Chunk[]> {
  yield* list;
}

/** A text in pieces, and the end. */
function chunksOf(texts: readonly string[]): Chunk[] {
  const part = create(ContentPartSchema, { part: { case: "text", value: "" } });
  const fold = new Fold();
  const end = fold.response();
  end.finishReason = finished.finishReason;
  end.usage = finished.usage;
  return [
    { case: "partStarted", value: create(PartStartedSchema, { index: 0, part }) },
    ...texts.map((text) => textDelta(0, text)),
    ...unfold(end),
  ];
}

/** The interceptor around what carries calls out, with a clock of its own. */
function stage(carryOut: (call: Call, number: number) => Promise<Reply>) {
  let nowMs = 1000;
  let calls = 0;
  const book = new KeyBook({ now: () => nowMs, evicted: () => undefined });
  book.configure(settings, undefined);
  const metrics = new Metrics("test");
  const { attempt } = replyOf(callOf(), Promise.resolve(finished));
  const lines: string[] = [];
  const once = idempotent<CompleteRequest, Reply, CompleteResponse>(completions, {
    book,
    metrics,
    prospect: () => ({ policy: "", targets: [attempt.target] }),
    answered: async () => undefined,
    routingOf: () => create(RoutingInfoSchema, { provider: "openai", model: "openai/gpt-4o", attemptCount: 2 }),
  })((call) => carryOut(call, ++calls));
  const ask = witnessed(accessLog(memoryLogger(lines)))<Call, Reply>(once);
  return {
    lines,
    calls: () => calls,
    pass: (ms: number) => {
      nowMs += ms;
    },
    async said(value: string, input = "hi"): Promise<string> {
      const request = create(CompleteRequestSchema, { model: "fast", input });
      const reply = await ask(callOf({ request, rpc: rpcWith({ idempotency: { value, choice: 0, choices: 1 } }) }));
      const fold = new Fold();
      for await (const batch of reply.chunks) for (const chunk of batch) fold.add(chunk);
      const part = fold.response().message?.content[0]?.part;
      await reply.outcome;
      return part?.case === "text" ? part.value : "";
    },
  };
}

const telling = async (call: Call, number: number): Promise<Reply> => ({
  ...replyOf(call, Promise.resolve(finished)),
  chunks: batches([chunksOf(["answer ", String(number)])]),
});

test("a key is known for its time, and then is new", async () => {
  const at = stage(telling);
  expect(await at.said("k")).toBe("answer 1");
  at.pass(keepMs - 1);
  expect(await at.said("k")).toBe("answer 1");
  await expect(at.said("k", "ho")).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
  at.pass(2);
  expect(await at.said("k", "ho")).toBe("answer 2");
});

test("a repeat is logged as one, with what the first spent left out", async () => {
  const at = stage(telling);
  await at.said("k");
  await at.said("k");
  const fields = at.lines.map((line) => JSON.parse(line));
  expect(fields.map(({ replay, attempts, inputTokens }) => [replay, attempts, inputTokens])).toEqual([
    [undefined, 2, 100],
    [true, 0, 0],
  ]);
});

test("whatever the pieces of the first answer, a repeat says the same", async () => {
  const pieces = fc.array(fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(pieces, async (texts) => {
      const at = stage(async (call) => {
        const [start, ...rest] = chunksOf(texts.flat());
        const chunks = batches(start === undefined ? [rest] : [[start], rest]);
        return { ...replyOf(call, Promise.resolve(finished)), chunks };
      });
      const first = await at.said("k");
      expect([await at.said("k"), first, at.calls()]).toEqual([first, texts.flat().join(""), 1]);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["costs nothing and invites a repeat", new GatewayError("PROVIDER_UNAVAILABLE", "down"), 0, 2],
  ["costs nothing", new GatewayError("PROVIDER_CONTENT_FILTERED", "no"), 0, 2],
  ["costs something and invites a repeat", new GatewayError("PROVIDER_TIMEOUT", "late"), 5, 2],
  ["costs something", new GatewayError("PROVIDER_CONTENT_FILTERED", "no"), 5, 1],
  ["was the caller's own doing", new GatewayError("DEADLINE_EXCEEDED", "late"), 5, 2],
] as const)("a failure that %s", async (_, error, inputTokens, calls) => {
  const usage = { ...finished.usage, inputTokens, outputTokens: 0 };
  const at = stage(async () => {
    const failure = create(CompletionFailureSchema, { usage });
    throw error.with({}).withFailure(failure);
  });
  for (let i = 0; i < 2; i++) await expect(at.said("k")).rejects.toMatchObject({ reason: error.reason });
  expect(at.calls()).toBe(calls);
});

test("those who wait for a call that fails meet the same failure, and make no call of their own", async () => {
  const gate = Promise.withResolvers<never>();
  const at = stage(() => gate.promise);
  const calls = Array.from({ length: 5 }, () => at.said("k"));
  gate.reject(new GatewayError("PROVIDER_UNAVAILABLE", "down"));
  const ends = await Promise.allSettled(calls);
  expect(ends.map((end) => end.status === "rejected" && end.reason.reason)).toEqual(
    Array(5).fill("PROVIDER_UNAVAILABLE"),
  );
  expect(at.calls()).toBe(1);
});
