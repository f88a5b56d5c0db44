import { expect, test } from "vitest";
import { configOf } from "../support/gateway.ts";

const providers = { simulator: {} };

test("overload control is on unless the file says otherwise", async () => {
  const { overload } = await configOf({ providers, overload: { lateness: "30ms" } });
  expect(overload).toEqual({
    enabled: true,
    callsMax: 10_000,
    callsMin: 128,
    lateMs: 30,
    queueMax: 1000,
    waitMsMax: 1000,
    targets: { adaptive: true, callsMin: 32, callsMax: 1000, queueMax: 100, waitMsMax: 1000 },
    memory: { limitBytes: undefined, shedAbove: 0.85, resetAbove: 0.93 },
  });
});

test("switched off, targets are not limited either", async () => {
  const { overload } = await configOf({ providers, overload: { enabled: false } });
  expect(overload.targets.adaptive).toBe(false);
});

test("least and most must not cross", async () => {
  const overload = {
    callsMax: 10,
    targets: { callsMax: 10 },
    memory: { shedAbovePercent: 95 },
  };
  await expect(configOf({ providers, overload })).rejects.toMatchObject({
    problems: [
      { path: "overload.callsMin", message: expect.stringContaining("overload.callsMax") },
      { path: "overload.targets.callsMin", message: expect.stringContaining("overload.targets.callsMax") },
      { path: "overload.memory.shedAbovePercent", message: expect.stringContaining("below") },
    ],
  });
});
