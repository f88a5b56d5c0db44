import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CompletionFailureSchema,
  FinishReason,
  PartStartedSchema,
  StreamFinishedSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { type Onward, restartable } from "../../src/dispatch/restart.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Outcome, Reply } from "../../src/model/reply.ts";
import { BatchQueue } from "../../src/stream/batch-queue.ts";
import { callOf, finished, replyOf } from "../interceptors/call/ended-call.ts";

const begun = (): Chunk => ({
  case: "partStarted",
  value: create(PartStartedSchema, { part: { part: { case: "text", value: "" } } }),
});
const end = (): Chunk => ({
  case: "finished",
  value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP }),
});

/** A reply that a test fills and ends. */
function source(model: string) {
  const ended = Promise.withResolvers<Outcome>();
  const left: string[] = [];
  const abandon = () => {
    left.push(model);
    ended.resolve({ ...finished, state: "abandoned", error: new GatewayError("CANCELLED", "left") });
  };
  const queue = new BatchQueue<Chunk>(() => undefined, abandon);
  const reply: Reply = {
    ...replyOf(callOf({ stream: true }), ended.promise),
    chunks: queue,
    upstreamModel: model,
    outputTokens: model.length,
  };
  const put = (...chunks: Chunk[]) => {
    queue.items.push(...chunks);
    queue.wake();
  };
  const failure = create(CompletionFailureSchema, { attempts: [create(AttemptSchema, { model })] });
  return {
    reply,
    left,
    put,
    finish: () => {
      ended.resolve(finished);
      put(end());
      queue.end();
    },
    fail: () => {
      const error = new GatewayError("STREAM_INTERRUPTED", "broke").withFailure(failure);
      ended.resolve({ ...finished, state: "failed", error });
      queue.fail(error);
    },
  };
}

type Source = ReturnType<typeof source>;

function onwardTo(...next: Source[]): Onward {
  return {
    records: [],
    mayGoOn: () => next.length > 0,
    goOn: async () => next.shift()?.reply ?? Promise.reject(new GatewayError("INTERNAL", "no other")),
  };
}

async function read(reply: Reply, batches = Number.POSITIVE_INFINITY): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (let i = 0; i < batches; i++) {
    const { done, value } = await reply.chunks.next();
    if (done === true) break;
    chunks.push(...value);
  }
  return chunks;
}

const words = (chunks: readonly Chunk[]) =>
  chunks.map((chunk) =>
    chunk.case === "partDelta" && typeof chunk.value.delta.value === "string" ? chunk.value.delta.value : chunk.case,
  );

test("however many break, and whenever, what stands after the last restart is the whole last answer", async () => {
  const leg = fc.record({ said: fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }), unread: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(leg, { minLength: 1, maxLength: 4 }), async (legs) => {
      const sources = legs.map((_, i) => source(`m${i}`));
      const [first, ...others] = sources;
      if (first === undefined) throw new Error("there is a first");
      const reply = restartable(first.reply, onwardTo(...others));
      const seen: Chunk[] = [];
      for (const [i, { said, unread }] of legs.entries()) {
        const each = sources[i] as Source;
        each.put(begun(), ...said.map((text) => textDelta(0, text)));
        const isLast = i === legs.length - 1;
        if (!unread || isLast) seen.push(...(await read(reply, i === 0 ? 1 : 2)));
        if (isLast) each.finish();
        else each.fail();
        await each.reply.outcome;
        await new Promise(setImmediate);
        if (unread && !isLast && i > 0) seen.push(...(await read(reply, 1)));
      }
      seen.push(...(await read(reply)));
      const last = legs.at(-1)?.said ?? [];
      const told = words(seen);
      expect(told.slice(told.lastIndexOf("restarted") + 1)).toEqual(["partStarted", ...last, "finished"]);
      expect(told.filter((word) => word === "restarted").length).toBe(legs.length - 1);
      expect(reply).toMatchObject({ restarts: legs.length - 1, upstreamModel: `m${legs.length - 1}`, outputTokens: 2 });
      expect((await reply.outcome).state).toBe("finished");
    }),
    { numRuns: 50 },
  );
});

test("what was not read when a stream broke is not handed out", async () => {
  const [a, b] = [source("a"), source("b")];
  const reply = restartable(a.reply, onwardTo(b));
  a.put(begun(), textDelta(0, "void"));
  a.fail();
  await a.reply.outcome;
  await new Promise(setImmediate);
  b.put(begun());
  b.finish();
  expect(words(await read(reply))).toEqual(["restarted", "partStarted", "finished"]);
});

test("a reader who leaves while another target is asked leaves that one, too", async () => {
  const [a, b] = [source("a"), source("b")];
  const asked = Promise.withResolvers<Reply>();
  const reply = restartable(a.reply, { records: [], mayGoOn: () => true, goOn: () => asked.promise });
  a.put(begun());
  await read(reply, 1);
  a.fail();
  await a.reply.outcome;
  await reply.chunks.return?.();
  asked.resolve(b.reply);
  expect((await reply.outcome).state).toBe("abandoned");
  expect(b.left).toEqual(["b"]);
});
