import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { controlGroupBytes, memoryReader } from "../../src/overload/memory-limit.ts";

/** What is read out of a file system with these files. */
async function limitOf(files: Readonly<Record<string, string>>): Promise<number | undefined> {
  const root = await mkdtemp(join(tmpdir(), "llmhub-cgroup-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return controlGroupBytes(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test("the tightest limit of the control groups counts", async () => {
  const files = {
    "proc/self/cgroup": "0::/pods/one\n",
    "sys/fs/cgroup/pods/one/memory.max": "max\n",
    "sys/fs/cgroup/pods/memory.max": "536870912\n",
  };
  expect(await limitOf(files)).toBe(536_870_912);
  // Inside a container the group is the root of what is seen.
  expect(await limitOf({ "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n" })).toBe(2 ** 30);
});

test("the first version of control groups is read, too, where no limit is a large number", async () => {
  const groups = { "proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/a\n" };
  expect(await limitOf({ ...groups, "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "268435456\n" })).toBe(2 ** 28);
  const none = { ...groups, "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n" };
  expect(await limitOf(none)).toBeUndefined();
});

test("elsewhere there is no limit", async () => {
  expect(await limitOf({})).toBeUndefined();
  expect(await limitOf({ "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n" })).toBeUndefined();
});

test("the process is read as it is, against what is configured", () => {
  const { residentBytes, limitBytes, heapUsedBytes, heapLimitBytes } = memoryReader(2 ** 34)();
  expect(limitBytes).toBe(2 ** 34);
  expect(residentBytes).toBeGreaterThan(heapUsedBytes / 2);
  expect(heapLimitBytes).toBeGreaterThan(heapUsedBytes);
});
