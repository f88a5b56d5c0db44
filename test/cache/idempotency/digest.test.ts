import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { keyName, requestDigest } from "../../../src/cache/idempotency/digest.ts";
import { digestBytes } from "../../../src/cache/idempotency/record-head.ts";
import type { Caller } from "../../../src/model/call.ts";

const caller = (keyId: string, tenantId = ""): Caller => ({ keyId, tenantId, models: undefined });
const key = { value: "k", choice: 0, choices: 1 };

test("keys are those of a tenant, else of an API key, and of an operation and a choice", () => {
  const name = keyName("complete", caller("a", "acme"), key);
  expect(keyName("complete", caller("b", "acme"), key)).toBe(name);
  const others = [
    keyName("complete", caller("acme"), key),
    keyName("complete", caller("a"), key),
    keyName("complete", caller("a", "other"), key),
    keyName("embed", caller("a", "acme"), key),
    keyName("complete", caller("a", "acme"), { ...key, value: "K" }),
    keyName("complete", caller("a", "acme"), { ...key, choice: 1 }),
  ];
  expect(new Set([name, ...others]).size).toBe(7);
});

test("no two callers, operations and keys have one name", () => {
  const text = fc.string({ unit: "binary" });
  const use = fc.tuple(text, text, text, text);
  fc.assert(
    fc.property(use, use, (one, other) => {
      const nameOf = ([operation, keyId, tenantId, value]: typeof one) =>
        keyName(operation, caller(tenantId === "" ? keyId : "", tenantId), { ...key, value });
      const plain = ([operation, keyId, tenantId, value]: typeof one) =>
        JSON.stringify([operation, tenantId === "" ? keyId : "", tenantId, value]);
      expect(nameOf(one) === nameOf(other)).toBe(plain(one) === plain(other));
    }),
  );
});

test("all of a request counts, however it is written", () => {
  const request = create(CompleteRequestSchema, { model: "m", input: "hi", temperature: 0.5 });
  const digest = requestDigest(request, key);
  expect(digest).toHaveLength(digestBytes);
  const turned = Object.fromEntries(Object.entries(request).reverse());
  expect(requestDigest({ ...request, ...turned }, key)).toEqual(digest);
  for (const other of [{ labels: { team: "x" } }, { temperature: 0 }, { lossless: true }, { input: "hi " }]) {
    expect(requestDigest({ ...request, ...other }, key)).not.toEqual(digest);
  }
  expect(requestDigest(request, { ...key, choices: 2 })).not.toEqual(digest);
});
