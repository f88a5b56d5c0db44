import { deepEqual, equal, ok } from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { Answer } from "./answer.ts";
import { failureOf, retrying } from "./failure.ts";
import type { Hub } from "./hub.ts";
import { ask, patienceMs } from "./scenarios.ts";

type Failure = ReturnType<typeof failureOf>;

async function refused(call: Promise<unknown>): Promise<Failure> {
  return await call.then(() => {
    throw new Error("it was answered");
  }, failureOf);
}

export async function errorDetails({ completions }: Hub): Promise<void> {
  const wrong = await refused(completions.complete({ ...ask, temperature: 9 }));
  deepEqual([wrong.code, wrong.info?.reason, wrong.info?.domain], [Code.InvalidArgument, "INVALID_REQUEST", "llmhub"]);
  deepEqual([wrong.request?.fieldViolations[0]?.field, wrong.retryMs], ["temperature", undefined]);
  const limited = await refused(completions.complete({ ...ask, model: "simulator/gpt-typescript:429:retry-after-1" }));
  deepEqual([limited.code, limited.info?.reason], [Code.ResourceExhausted, "PROVIDER_RATE_LIMITED"]);
  equal(limited.info?.metadata["provider"], "simulator");
  ok(limited.retryMs !== undefined && limited.retryMs > 0 && limited.retryMs <= 1000);
  const statuses = limited.tried?.attempts.map(({ upstreamStatus }) => upstreamStatus);
  deepEqual(statuses, [429, 429, 429]);
}

/** Holds the only place that its key has, so that a second call is refused until the stream is over. */
export async function retry({ completions }: Hub): Promise<void> {
  const holder = new Answer(completions, patienceMs).read({ ...ask, model: "simulator/gpt:first-token-0:pace-20" });
  await holder.next();
  const rest = (async () => {
    for await (const _piece of holder);
  })();
  const refusals: Failure[] = [];
  await retrying(5, async () => {
    try {
      return await completions.complete(ask);
    } catch (error) {
      refusals.push(failureOf(error));
      throw error;
    }
  });
  await rest;
  ok(refusals.length > 0);
  for (const { info, retryMs, metadata } of refusals) {
    equal(info?.reason, "CONCURRENCY_LIMITED");
    // The same delay, for libraries that know nothing of details.
    equal(metadata.get("grpc-retry-pushback-ms"), String(retryMs));
  }
}

export async function noBlindRetry({ completions }: Hub): Promise<void> {
  const { code, retryMs } = await refused(completions.complete({ ...ask, model: "simulator/gpt:503" }));
  ok(code === Code.Unavailable && retryMs !== undefined);
}
