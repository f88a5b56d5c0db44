import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { watchConfig } from "../../src/config/watch.ts";
import { temporaryDirectory } from "./files.ts";

/** Watches a file while something is done; resolves at the first report of a change. */
async function change(path: string, act: () => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unwatch = watchConfig(path, resolve);
  try {
    await act();
    await promise;
  } finally {
    unwatch();
  }
}

test("a write is a change", async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write("hub.yaml", "a");
  await change(path, () => writeFile(path, "ab"));
});

test("a file renamed into place is a change, as editors save", async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write("hub.yaml", "a");
  const next = await directory.write(".hub.yaml.swp", "b");
  await change(path, () => rename(next, path));
});

test("a swap of a linked directory is a change, as Kubernetes updates", async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  for (const version of ["..1", "..2"]) {
    await mkdir(at(version));
    await writeFile(join(at(version), "hub.yaml"), version);
  }
  await symlink("..1", at("..data"));
  await symlink(join("..data", "hub.yaml"), at("hub.yaml"));
  await change(at("hub.yaml"), async () => {
    await symlink("..2", at("..data_tmp"));
    await rename(at("..data_tmp"), at("..data"));
  });
});

test("a change behind a symbolic link into another directory is a change", async () => {
  await using real = await temporaryDirectory();
  await using directory = await temporaryDirectory();
  const target = await real.write("real.yaml", "a");
  const path = join(directory.path, "hub.yaml");
  await symlink(target, path);
  await change(path, () => writeFile(target, "ab"));
});

test("other files are none, and a file that comes back is one change", async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write("hub.yaml", "a");
  const away = join(directory.path, "away.yaml");
  let changes = 0;
  const unwatch = watchConfig(path, () => changes++);
  try {
    await directory.write("other.yaml", "x");
    await rename(path, away);
    // A watcher of the same kind on another file of the directory comes after all that went before.
    const other = await directory.write("sign.yaml", "x");
    await change(other, () => writeFile(other, "xy"));
    expect(changes).toBe(0);
    await change(away, async () => {
      await writeFile(path, "new");
      await writeFile(away, "changed");
    });
    expect(changes).toBe(1);
  } finally {
    unwatch();
  }
});

test("a directory that is missing is tolerated", () => {
  watchConfig("/nonexistent/hub.yaml", () => undefined)();
});
