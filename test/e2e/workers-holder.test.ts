import { expect, test } from "vitest";
import { keyed } from "./idempotency-stage.ts";
import { admitted, ask, daily, reasonAt } from "./limited.ts";
import { crewOf, toBoth } from "./workers-stage.ts";

test("while the process that holds what is shared stands still, workers go by their share, and keys are refused", async () => {
  await using gateway = await crewOf({
    providers: { simulator: {} },
    limits: [{ scope: "provider", match: "simulator", requests: 20, ...daily }],
  });
  const both = await toBoth(gateway);
  const withKey = { complete: () => both[0].complete(ask, keyed("k")) };
  gateway.program.signal("SIGSTOP");
  expect(await admitted(both, 40)).toBe(20);
  expect(await reasonAt(withKey)).toBe("GATEWAY_DEPENDENCY_UNAVAILABLE");
  gateway.program.signal("SIGCONT");
  // What was asked of it meanwhile it has counted: the limit is used up there, too.
  await expect.poll(() => reasonAt(withKey), { timeout: 10_000 }).toBe("RATE_LIMITED");
  for (const connection of both) connection[Symbol.dispose]();
}, 60_000);
