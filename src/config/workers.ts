import { availableParallelism } from "node:os";
import * as v from "valibot";
import { count } from "./scalar.ts";
import { serverField } from "./server-field.ts";
import type { Environment } from "./substitution.ts";

/** The field server.workers. */
export const workers = v.optional(
  count(256, "Processes that take calls. auto: one for each core that may be used. 1: no others than itself."),
  1,
);

/** Whether a text says how many. */
export function isCount(text: string): boolean {
  return v.is(workers, text);
}

/**
 * How many processes are to take calls, as far as the file or the environment says so: 1 also where they cannot be read,
 * which is told by whoever loads them.
 */
export async function workersOf(path: string | undefined, env: Environment): Promise<number> {
  const told = env["LLMHUB_WORKERS"] || (path === undefined ? undefined : await serverField("workers", path, env));
  const result = v.safeParse(workers, told ?? undefined);
  if (!result.success) return 1;
  // It heeds CPU affinity and the quota of the control group.
  return result.output === "auto" ? availableParallelism() : result.output;
}
