import * as v from "valibot";
import type { Findings } from "./findings.ts";
import type { IdempotencyConfig } from "./idempotency.ts";
import { duration, integer } from "./scalar.ts";
import { section } from "./section.ts";

const mebibyte = 1024 ** 2;

/** What is kept for calls with the header idempotency-key. */
export const idempotency = section("Answers to calls with the header idempotency-key, for those that repeat them.", {
  keep: v.optional(duration("How long a repeat gets the first answer."), "24h"),
  wait: v.optional(
    duration("How long a repeat waits while the first call still runs, before it is refused. 0s: not at all.", 0),
    "1m",
  ),
  shared: v.optional(
    v.pipe(v.boolean(), v.description("Keep them in Redis, for every replica. Needs the section redis.")),
    false,
  ),
  bytesMax: v.optional(
    integer(
      mebibyte,
      64 * 1024 * mebibyte,
      "Room in memory, in bytes; what was not used for the longest time goes first.",
    ),
    64 * mebibyte,
  ),
  entryBytesMax: v.optional(
    integer(1024, 64 * mebibyte, "Largest answer that is kept, in bytes; a repeat of a larger one is refused."),
    4 * mebibyte,
  ),
});

type Section = v.InferOutput<typeof idempotency>;

/** The section as the gateway goes by it. */
export function idempotencyOf({ keep, wait, ...rest }: Section): IdempotencyConfig {
  return { ...rest, keepMs: keep, waitMs: wait };
}

/** Sharing needs Redis, and one answer must find room. */
export function checkIdempotency(
  { shared, bytesMax, entryBytesMax }: Section,
  noRedis: boolean,
  findings: Findings,
): void {
  if (shared && noRedis) {
    findings.add(["idempotency", "shared"], "needs the section redis; add it with its url, or remove this");
  }
  if (entryBytesMax > bytesMax) {
    const message = "must not be above idempotency.bytesMax, or no such answer would find room";
    findings.add(["idempotency", "entryBytesMax"], message);
  }
}
