import { expect, test } from "vitest";
import { configOf } from "../support/gateway.ts";

const providers = { simulator: {} };

test("keys are known for a day, in this process, unless the file says otherwise", async () => {
  expect((await configOf({ providers })).idempotency).toEqual({
    keepMs: 86_400_000,
    waitMs: 60_000,
    shared: false,
    bytesMax: 67_108_864,
    entryBytesMax: 4_194_304,
  });
});

test("keys are shared only where there is something to share them by, and an answer must find room", async () => {
  const idempotency = { shared: true, bytesMax: 1_048_576, entryBytesMax: 2_097_152 };
  await expect(configOf({ providers, idempotency })).rejects.toMatchObject({
    problems: [
      { path: "idempotency.shared", message: expect.stringContaining("redis") },
      { path: "idempotency.entryBytesMax", message: expect.stringContaining("idempotency.bytesMax") },
    ],
  });
});
