import { availableParallelism } from "node:os";
import * as v from "valibot";
import { readBounded } from "./bounded-file.ts";
import { count } from "./scalar.ts";
import type { Environment } from "./substitution.ts";

/** Of a configuration file. Ten thousand API keys, each with its tenant and models, take less than two. */
export const fileBytesMax = 8 * 1024 * 1024;

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
 * which is told by whoever loads them. Much cheaper than to load the configuration, and without any provider.
 */
export async function workersOf(path: string | undefined, env: Environment): Promise<number> {
  const told = env["LLMHUB_WORKERS"] || (path === undefined ? undefined : await fieldIn(path, env));
  const result = v.safeParse(workers, told ?? undefined);
  if (!result.success) return 1;
  // It heeds CPU affinity and the quota of the control group.
  return result.output === "auto" ? availableParallelism() : result.output;
}

async function fieldIn(path: string, env: Environment): Promise<unknown> {
  try {
    const text = await readBounded(path, fileBytesMax);
    if (!text.includes("workers")) return undefined;
    const { readYaml } = await import("./yaml-file.ts");
    return Object(readYaml(path, text, env).value["server"])["workers"];
  } catch {
    return undefined;
  }
}
