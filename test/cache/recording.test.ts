import { expect, test } from "vitest";
import { type CompleteResponse, FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Recorded } from "../../src/cache/answer.ts";
import { recorded } from "../../src/cache/recording.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { Fold } from "../../src/model/fold.ts";
import { BatchQueue } from "../../src/stream/batch-queue.ts";

const begin: Chunk = {
  case: "partStarted",
  value: {
    $typeName: "llmhub.v1.PartStarted",
    index: 0,
    part: { $typeName: "llmhub.v1.ContentPart", part: { case: "text", value: "" }, citations: [], providerOptions: {} },
  },
};
const finish: Chunk = {
  case: "finished",
  value: {
    $typeName: "llmhub.v1.StreamFinished",
    finishReason: FinishReason.STOP,
    nativeFinishReason: "stop",
    stopSequence: "",
    warnings: [],
    providerMetadata: {},
  },
};

/** A source that a test feeds, recorded. */
function stage(bytesMax = 1024 ** 2) {
  const ends: Recorded<CompleteResponse>[] = [];
  const settled = Promise.withResolvers<void>();
  let taken = 0;
  let left = 0;
  const source = new BatchQueue<Chunk>(
    () => taken++,
    () => left++,
  );
  const chunks = recorded(source, { bytesMax, settled: settled.promise, ended: (end) => ends.push(end) });
  return {
    source,
    chunks,
    ends,
    settle: settled.resolve,
    counts: () => ({ taken, left }),
    say(...said: Chunk[]) {
      for (const chunk of said) source.items.push(chunk);
      source.wake();
    },
    turn: () => new Promise(setImmediate),
  };
}

function textOf(end: Recorded<CompleteResponse> | undefined): string | undefined {
  if (end === undefined || typeof end === "string") return end;
  const part = end.message?.content[0]?.part;
  return part?.case === "text" ? part.value : undefined;
}

test("an answer is written down though nobody reads it, before its reader has the end", async () => {
  const at = stage();
  at.say(begin, textDelta(0, "Hel"));
  await at.turn();
  at.say(textDelta(0, "lo"), finish);
  at.source.end();
  await at.turn();
  expect(at.ends.map(textOf)).toEqual(["Hello"]);
  const fold = new Fold();
  for await (const batch of at.chunks) for (const chunk of batch) fold.add(chunk);
  expect(textOf(fold.response())).toBe("Hello");
});

test("far ahead of its reader it waits, until the provider has said all", async () => {
  const at = stage();
  const many = Array.from({ length: 10_000 }, () => textDelta(0, "x"));
  at.say(begin, ...many);
  await at.turn();
  at.say(...many);
  await at.turn();
  const { taken } = at.counts();
  at.say(...many);
  await at.turn();
  expect(at.counts().taken).toBe(taken);
  at.say(finish);
  at.source.end();
  at.settle();
  await at.turn();
  expect(textOf(at.ends[0])).toBe("x".repeat(30_000));
});

test("a reader that comes back lets it go on", async () => {
  const at = stage();
  at.say(begin, ...Array.from({ length: 20_000 }, () => textDelta(0, "x")));
  await at.turn();
  at.say(finish);
  at.source.end();
  await at.turn();
  expect(at.ends).toEqual([]);
  let count = 0;
  for await (const batch of at.chunks) count += batch.length;
  expect(count).toBe(20_002);
  expect(textOf(at.ends[0])).toBe("x".repeat(20_000));
});

test("what is too large, or does not fit together, is not written down, and passes", async () => {
  for (const said of [[begin, textDelta(0, "x".repeat(2000))], [textDelta(3, "no such part")]]) {
    const at = stage(1024);
    at.say(...said, finish);
    at.source.end();
    await at.turn();
    expect(at.ends).toEqual(["unfit"]);
    let count = 0;
    for await (const batch of at.chunks) count += batch.length;
    expect(count).toBe(said.length + 1);
  }
});

test("what is not written down is not read ahead of its reader either", async () => {
  const at = stage(1024);
  at.say(begin, textDelta(0, "x".repeat(2000)));
  await at.turn();
  const { taken } = at.counts();
  at.say(textDelta(0, "more"));
  await at.turn();
  expect(at.counts().taken).toBe(taken);
  await at.chunks.next();
  await at.turn();
  expect(at.counts().taken).toBe(taken + 1);
});

test("an answer that breaks is none, and its reader gets what there was and the error", async () => {
  const at = stage();
  const error = new Error("broken");
  at.say(begin, textDelta(0, "half"));
  at.source.fail(error);
  await at.turn();
  expect(at.ends).toEqual(["cut"]);
  const seen: string[] = [];
  const read = async () => {
    for await (const batch of at.chunks) seen.push(...batch.map((chunk) => chunk.case));
  };
  await expect(read()).rejects.toBe(error);
  expect(seen).toEqual(["partStarted", "partDelta"]);
});

test("a reader that leaves ends the source, also while that is far ahead", async () => {
  const at = stage();
  at.say(begin, ...Array.from({ length: 20_000 }, () => textDelta(0, "x")));
  await at.turn();
  await at.chunks.return?.();
  await at.turn();
  expect(at.counts().left).toBe(1);
  expect(at.ends).toEqual(["cut"]);
});
