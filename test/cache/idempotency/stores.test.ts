import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { decodeRecord, encodeRecord } from "../../../src/cache/idempotency/record.ts";
import { digestBytes } from "../../../src/cache/idempotency/record-head.ts";
import { MemoryRecords, tags } from "../../../src/cache/idempotency/stores.ts";

const keepMs = 60_000;

function stage(bytesMax: number) {
  let nowMs = 1000;
  let evictions = 0;
  const records = new MemoryRecords({ bytesMax, now: () => nowMs, evicted: () => evictions++ });
  const answer = create(CompleteResponseSchema, { id: "x".repeat(1000) });
  const record = encodeRecord(CompleteResponseSchema, new Uint8Array(digestBytes), { case: "answer", answer });
  return {
    keep: (name: string) => records.set(name, record, { ttlMs: keepMs, tags }),
    known: async (name: string) => {
      const found = await records.get(name);
      return found && decodeRecord(CompleteResponseSchema, found).ending.case;
    },
    evictions: () => evictions,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("an answer that has to make room leaves its key", async () => {
  const { keep, known, evictions } = stage(4000);
  for (const name of ["a", "b", "c", "d"]) expect(await keep(name)).toBe(true);
  const kinds = [await known("a"), await known("b"), await known("c"), await known("d")];
  expect(kinds).toEqual(["unkept", "answer", "answer", "answer"]);
  expect(evictions()).toBe(1);
});

test("nothing is known of a key whose time is up", async () => {
  const { keep, known, pass } = stage(4000);
  for (const name of ["a", "b", "c", "d"]) await keep(name);
  pass(keepMs - 1);
  expect([await known("a"), await known("d")]).toEqual(["unkept", "answer"]);
  pass(2);
  expect([await known("a"), await known("d")]).toEqual([undefined, undefined]);
  for (const name of ["e", "f", "g"]) await keep(name);
  expect([await known("b"), await known("c"), await known("d")]).toEqual([undefined, undefined, undefined]);
});
