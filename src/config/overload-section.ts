import * as v from "valibot";
import type { Findings } from "./findings.ts";
import type { OverloadConfig } from "./overload.ts";
import { duration, integer } from "./scalar.ts";
import { section } from "./section.ts";

const targets = section("Calls at once to one model of one provider, by how its latency develops.", {
  adaptive: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Call a target less when all of its answers become slow. false: only connectionsMax bounds calls."),
    ),
    true,
  ),
  callsMin: v.optional(integer(1, 100_000, "So many at once are always allowed."), 32),
  callsMax: v.optional(integer(1, 100_000, "More at once are never allowed."), 1000),
  queueMax: v.optional(integer(0, 100_000, "Calls that may wait for room at a target."), 100),
  queueWait: v.optional(duration("Longest wait for room; never more than a tenth of the caller's deadline."), "1s"),
});

const memory = section("What is done when memory runs short.", {
  limitBytes: v.optional(
    integer(67_108_864, 2 ** 50, "Memory that the process may have. Absent: what its control group (cgroup) allows."),
  ),
  shedAbovePercent: v.optional(integer(50, 99, "Above it new calls are refused, until it is 5 % lower."), 85),
  resetAbovePercent: v.optional(integer(51, 100, "Above it the calls that hold the most are ended."), 93),
});

/** How calls are kept away that the gateway, or a target, cannot carry out in time. */
export const overload = section("Which calls are refused when there are too many, so that the others do not suffer.", {
  enabled: v.optional(v.pipe(v.boolean(), v.description("false: every call is begun, however many there are.")), true),
  callsMax: v.optional(integer(1, 1_000_000, "Calls in flight at most."), 10_000),
  callsMin: v.optional(
    integer(
      1,
      1_000_000,
      "So many may be in flight however late the event loop is, unless refusing leaves it no rest.",
    ),
    128,
  ),
  lateness: v.optional(
    duration("The event loop may be late by so much; when it stays later, fewer calls may be in flight."),
    "30ms",
  ),
  queueMax: v.optional(integer(0, 100_000, "Calls that may wait to be let in."), 1000),
  queueWait: v.optional(duration("Longest wait to be let in; never more than a tenth of the caller's deadline."), "1s"),
  targets: v.nullish(targets, {}),
  memory: v.nullish(memory, {}),
});

/** The section as the gateway goes by it. */
export function overloadOf({
  lateness,
  queueWait,
  targets: { queueWait: targetWait, ...targets },
  memory,
  ...rest
}: v.InferOutput<typeof overload>): OverloadConfig {
  return {
    ...rest,
    lateMs: lateness,
    waitMsMax: queueWait,
    targets: { ...targets, adaptive: rest.enabled && targets.adaptive, waitMsMax: targetWait },
    memory: {
      limitBytes: memory.limitBytes,
      shedAbove: memory.shedAbovePercent / 100,
      resetAbove: memory.resetAbovePercent / 100,
    },
  };
}

/** Least and most must not cross. */
export function checkOverload(
  { callsMin, callsMax, targets, memory }: v.InferOutput<typeof overload>,
  findings: Findings,
): void {
  const above = (name: string) => `must not be above ${name}`;
  if (callsMin > callsMax) findings.add(["overload", "callsMin"], above("overload.callsMax"));
  if (targets.callsMin > targets.callsMax) {
    findings.add(["overload", "targets", "callsMin"], above("overload.targets.callsMax"));
  }
  if (memory.shedAbovePercent >= memory.resetAbovePercent) {
    findings.add(["overload", "memory", "shedAbovePercent"], "must be below overload.memory.resetAbovePercent");
  }
}
