import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import type { MemoryReading } from "./memory-guard.ts";

/** Larger limits of the first version of control groups mean that there is none. */
const unlimitedBytes = 2 ** 60;

/**
 * The memory that the control group of this process allows, in bytes; undefined: none does. The tightest of the group
 * and those around it, as far as they can be seen.
 * @param root of the file system, for tests.
 */
export function controlGroupBytes(root = "/"): number | undefined {
  const groups = textOf(join(root, "proc/self/cgroup")) ?? "";
  const limits = groups.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === "") return limitsOn(join(root, "sys/fs/cgroup"), path, "memory.max");
    if (controllers?.split(",").includes("memory") !== true) return [];
    return limitsOn(join(root, "sys/fs/cgroup/memory"), path, "memory.limit_in_bytes");
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/**
 * What the process uses now; about 20 µs.
 * @param configuredBytes of each process.
 * @param workers processes that share what the control group allows.
 */
export function memoryReader(configuredBytes: number | undefined, workers = 1): () => MemoryReading {
  const limitBytes = configuredBytes ?? (controlGroupBytes() ?? Number.POSITIVE_INFINITY) / workers;
  return () => {
    const { used_heap_size: heapUsedBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
    return { residentBytes: process.memoryUsage.rss(), limitBytes, heapUsedBytes, heapLimitBytes };
  };
}

/** Limits in the folder of a group and in those above it. Inside a container the path may not be there. */
function limitsOn(base: string, path: string, name: string): number[] {
  const steps = path.split("/").filter((step) => step !== "" && step !== "..");
  return [...steps.keys(), steps.length].flatMap((count) => {
    const text = textOf(join(base, ...steps.slice(0, count), name))?.trim() ?? "";
    const bytes = /^\d+$/.test(text) ? Number(text) : unlimitedBytes;
    return bytes > 0 && bytes < unlimitedBytes ? [bytes] : [];
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
