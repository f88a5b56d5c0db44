import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  AttemptOutcome,
  type Attempt as AttemptRecord,
  AttemptSchema,
  CacheStatus,
} from "../../gen/llmhub/v1/routing_pb.ts";
import type { Asked, Attempt, Call } from "./call.ts";
import { durationOf } from "./error.ts";

/** What the end of an attempt adds to its record. */
export type AttemptEnd = Pick<AttemptRecord, "outcome"> &
  Partial<Pick<AttemptRecord, "errorReason" | "errorCause" | "upstreamStatus" | "upstreamCode" | "usage" | "cost">>;

/** The record of an attempt that ends now. `sentMs` is on the clock of performance.now(). */
export function attemptRecord(attempt: Attempt<Asked>, sentMs: number, end: AttemptEnd): AttemptRecord {
  const tookMs = performance.now() - sentMs;
  return create(AttemptSchema, {
    number: attempt.failures.length + 1,
    provider: attempt.target.provider.id,
    model: attempt.target.selector,
    credential: attempt.target.provider.credential ?? "",
    startTime: timestampFromMs(Math.round(Date.now() - tookMs)),
    duration: durationOf(tookMs),
    hedge: attempt.hedge ?? false,
    ...end,
  });
}

/** Provider calls made for an answer, up to this attempt: none when it was there already. */
export function attemptCount({ call, failures }: Attempt<Asked>): number {
  return isAnsweredBefore(call) ? 0 : triedOf(failures) + 1;
}

/** Whether the answer to a call comes from the response cache, or is repeated: no provider was asked for it. */
export function isAnsweredBefore({ cache, replay }: Pick<Call<Asked>, "cache" | "replay">): boolean {
  return cache?.status === CacheStatus.HIT || replay !== undefined;
}

/** How many of the attempts reached out to a provider. */
export function triedOf(attempts: readonly AttemptRecord[]): number {
  let tried = 0;
  for (const { outcome } of attempts) if (outcome !== AttemptOutcome.SKIPPED) tried += 1;
  return tried;
}
