import { expect, test } from "vitest";
import { configOf } from "../support/gateway.ts";

const providers = { simulator: {} };

test("streams are kept, in this process, unless the file says otherwise", async () => {
  expect((await configOf({ providers })).streams).toEqual({
    resume: true,
    shared: false,
    keepMs: 120_000,
    heartbeatMs: 15_000,
    graceMs: 10_000,
    resetGraceMs: 0,
    bytesMax: 67_108_864,
    streamBytesMax: 4_194_304,
  });
});

test("streams are shared only where there is something to share them by", async () => {
  await expect(configOf({ providers, streams: { shared: true } })).rejects.toMatchObject({
    problems: [{ path: "streams.shared", message: expect.stringContaining("redis") }],
  });
  const redis = { url: "redis://127.0.0.1:6379" };
  expect((await configOf({ providers, redis, streams: { shared: true } })).streams.shared).toBe(true);
});
