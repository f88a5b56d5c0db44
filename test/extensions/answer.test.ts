import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import { UsageSchema } from "../../gen/llmhub/v1/usage_pb.ts";
import { warning, withChunks, withWarnings } from "../../src/extensions/answer.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import type { Outcome, Reply, Result } from "../../src/model/reply.ts";
import { completionOf } from "../support/dialect.ts";

const outcome: Outcome = {
  state: "finished",
  error: undefined,
  finishReason: FinishReason.STOP,
  usage: create(UsageSchema),
  cost: undefined,
  endMs: 2,
};

/** An answer whose last facts are known only later, as those of providers are. */
class Answer implements Reply {
  readonly attempt = completionOf({ input: "hi" });
  readonly sentMs = 0;
  readonly firstOutputMs = 1;
  readonly upstreamRequestId = "r";
  readonly warnings = [warning("a", "x", "one")];
  readonly outcome = Promise.resolve(outcome);
  readonly chunks: Reply["chunks"] = batches([textDelta(0, "a")], [textDelta(0, "b"), textDelta(0, "c")]);
  returned = false;
  #model = "m";

  get upstreamModel(): string {
    return this.#model;
  }
}

async function* batches(...all: readonly Chunk[][]): AsyncGenerator<readonly Chunk[]> {
  yield* all;
}

async function textsOf({ chunks }: Pick<Reply, "chunks">): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of chunks) {
    for (const chunk of batch) if (chunk.case === "partDelta") texts.push(String(chunk.value.delta.value));
  }
  return texts;
}

const upper = (batch: readonly Chunk[]) =>
  batch.map((chunk) => {
    const said = chunk.case === "partDelta" ? chunk.value.delta.value : "";
    return textDelta(0, String(said).toUpperCase());
  });

test("warnings are added, and all else is read from the answer itself", () => {
  const answer = new Answer();
  const more = withWarnings(answer, [warning("b", "y", "two")]);
  expect(more.warnings.map(({ code }) => code)).toEqual(["a", "b"]);
  expect([more.upstreamModel, more.sentMs, more.chunks]).toEqual(["m", 0, answer.chunks]);
  expect(withWarnings(answer, [])).toBe(answer);
});

test("chunks are altered batch by batch, and the outcome stays", async () => {
  const altered = withChunks(new Answer(), upper);
  expect(await textsOf(altered)).toEqual(["A", "B", "C"]);
  expect(await altered.outcome).toBe(outcome);
  expect(altered.upstreamModel).toBe("m");
});

test("an exception ends the answer as INTERNAL, and the outcome says so", async () => {
  const answer = new Answer();
  let batch = 0;
  const altered = withChunks(answer, (chunks) => {
    batch += 1;
    if (batch === 2) throw new Error("canary");
    return chunks;
  });
  await expect(textsOf(altered)).rejects.toMatchObject({
    reason: "INTERNAL",
    rawMessage: "internal error of the gateway",
  });
  expect(await altered.outcome).toMatchObject({ state: "failed", error: { reason: "INTERNAL" } });
  // The provider is let go.
  expect(await answer.chunks.next()).toEqual({ done: true, value: undefined });
  await expect(altered.chunks.next()).rejects.toMatchObject({ reason: "INTERNAL" });
});

test("one that forgets to give chunks ends the answer, too", async () => {
  const altered = withChunks(new Answer(), () => JSON.parse("{}"));
  await expect(altered.chunks.next()).rejects.toMatchObject({ reason: "INTERNAL" });
  expect(await altered.outcome).toMatchObject({ state: "failed", error: { reason: "INTERNAL" } });
});

test("whoever stops reading lets the provider go, and the outcome still comes", async () => {
  const answer = new Answer();
  const altered = withChunks(answer, upper);
  await altered.chunks.return?.();
  expect(await answer.chunks.next()).toEqual({ done: true, value: undefined });
  expect(await altered.outcome).toBe(outcome);
});

test("an answer that is one value stays as it is", () => {
  const { chunks: _, upstreamModel, ...rest } = new Answer();
  const result: Result<number> = { ...rest, upstreamModel, value: 7 };
  expect(withChunks(result, upper)).toBe(result);
});
