import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CompleteResponse, CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { decodeRecord, type Ending, encodeRecord } from "../../../src/cache/idempotency/record.ts";
import { digestBytes, withoutAnswer } from "../../../src/cache/idempotency/record-head.ts";
import { GatewayError } from "../../../src/model/error.ts";

const digest = new Uint8Array(digestBytes).map((_, i) => i);
const encoded = (ending: Ending<CompleteResponse>) => encodeRecord(CompleteResponseSchema, digest, ending);
const decoded = (record: Uint8Array) => decodeRecord(CompleteResponseSchema, record);

test("an answer comes back as it was, with the digest of its request", () => {
  const answer = create(CompleteResponseSchema, { id: "cmp_1", usage: { inputTokens: 3 }, message: { text: "hi" } });
  const { digest: same, ending } = decoded(encoded({ case: "answer", answer }));
  expect(new Uint8Array(same)).toEqual(digest);
  expect(ending).toEqual({ case: "answer", answer });
});

test("an error comes back as itself, without advice to repeat", () => {
  const error = new GatewayError("STREAM_INTERRUPTED", "it broke", { metadata: { cause: "reset" } });
  const { ending } = decoded(encoded({ case: "error", error }));
  if (ending.case !== "error") throw new Error("it is none");
  expect(ending.error).toMatchObject({
    reason: "STREAM_INTERRUPTED",
    rawMessage: "it broke",
    info: { cause: "reset" },
  });
  expect(ending.error.retryMs).toBeUndefined();
});

test("without its answer a record still knows its request", () => {
  const answer = create(CompleteResponseSchema, { id: "cmp_1" });
  const stub = withoutAnswer(encoded({ case: "answer", answer }));
  expect(stub).toEqual(new Uint8Array(encoded({ case: "unkept" })));
  expect(decoded(stub).ending).toEqual({ case: "unkept" });
});

test("bytes that are no record are refused, and never read as another one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const isLong = bytes.length > digestBytes && (bytes[0] ?? 3) < 3;
      if (!isLong) expect(() => decoded(bytes)).toThrow();
    }),
  );
  const unknown = Buffer.concat([Uint8Array.of(1), digest, Buffer.from('["LATER_REASON","x",{}]')]);
  expect(() => decoded(unknown)).toThrow(RangeError);
});
