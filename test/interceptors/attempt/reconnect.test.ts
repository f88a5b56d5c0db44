import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema, CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { unknownModel } from "../../../src/dispatch/known-facts.ts";
import { reconnect } from "../../../src/interceptors/attempt/reconnect.ts";
import type { Attempt } from "../../../src/model/call.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { attemptAt } from "../../support/attempt.ts";

const first = attemptAt({ kind: "up", model: "m", facts: unknownModel }, create(CompleteRequestSchema, {}));

/** The time limits for the first output of all attempts that break, each after 20 ms. */
async function limitsOf(attempt: Attempt): Promise<number[]> {
  const limits: number[] = [];
  const dispatch = reconnect(async ({ timeouts }: Attempt) => {
    limits.push(timeouts.firstOutputMs);
    const startMs = performance.now();
    while (performance.now() - startMs < 20);
    const error = new GatewayError("PROVIDER_UNAVAILABLE", "broken", { metadata: { cause: "reset" } });
    throw error.withFailure(create(CompletionFailureSchema, {}));
  });
  await expect(dispatch(attempt)).rejects.toThrow("broken");
  return limits;
}

test("a new connection has what is left of the time for the first output", async () => {
  const [before = 0, after = before, ...more] = await limitsOf({ ...first, mayRepeat: () => true });
  expect(before).toBe(1000);
  expect(after).toBeLessThanOrEqual(980);
  expect(more).toEqual([]);
});

test("without leave there is no other connection", async () => {
  expect(await limitsOf({ ...first, mayRepeat: () => false })).toEqual([1000]);
  expect(await limitsOf(first)).toEqual([1000]);
});
