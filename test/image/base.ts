import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Workshop } from "./image.ts";
import type { Mount } from "./sandbox.ts";

/** In place of the image that commands are run in: programs of this machine, and its npm under the Node.js that runs this. */
export function buildBase(folder: string): Pick<Workshop, "base" | "path"> {
  const tools = join(folder, "tools");
  mkdirSync(tools, { recursive: true });
  copyFileSync(process.execPath, join(tools, "node"));
  const npm = dirname(
    dirname(realpathSync(spawnSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).stdout.trim())),
  );
  writeFileSync(join(tools, "npm"), '#!/bin/sh\nexec node /opt/npm/bin/npm-cli.js "$@"\n');
  chmodSync(join(tools, "npm"), 0o755);
  const folders = ["/usr", "/etc", "/bin", "/lib", "/lib64"].map((path): Mount => ({ from: path, to: path }));
  const own: Mount[] = [
    { from: tools, to: "/opt/node" },
    { from: npm, to: "/opt/npm" },
  ];
  return { base: [...folders, ...own], path: "/opt/node:/usr/bin:/bin" };
}

/** In place of an image to run in: Node.js and the libraries that it names, no shell and nothing else. */
export function runtimeBase(folder: string, nodePath: string): Mount[] {
  const { stdout } = spawnSync("ldd", [process.execPath], { encoding: "utf8" });
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  const files = libraries.map((path): Mount => ({ from: realpathSync(path), to: path }));
  const empty = join(folder, "hosts");
  writeFileSync(empty, "127.0.0.1 localhost\n");
  return [...files, { from: process.execPath, to: nodePath }, { from: empty, to: "/etc/hosts" }];
}
