import { spawnSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A folder of the machine as a folder of a sandbox, to be read or, where said, written. */
export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly isWritable?: boolean;
}

/** Whether this process may make namespaces and mounts; they end with the process that made them. */
export function canIsolate(): boolean {
  const { status } = spawnSync("unshare", [
    "--mount",
    "--pid",
    "--net",
    "--fork",
    "mount",
    "-t",
    "tmpfs",
    "none",
    "/mnt",
  ]);
  return status === 0;
}

const devices = ["null", "zero", "random", "urandom"].map((name): Mount => {
  return { from: `/dev/${name}`, to: `/dev/${name}`, isWritable: true };
});

/** Makes the folders and empty files that are mounted on, as engines do. */
export function placesFor(root: string, mounts: readonly Mount[]): void {
  mkdirSync(join(root, "proc"), { recursive: true });
  for (const { from, to } of [...mounts, ...devices]) {
    const target = join(root, to);
    const isFolder = statSync(from).isDirectory();
    mkdirSync(isFolder ? target : dirname(target), { recursive: true });
    if (!isFolder) writeFileSync(target, "", { flag: "a" });
  }
}

/** Lines of bash that make the folder `root` ready to be changed into: its mounts, /proc and the devices that programs expect. */
export function mountLines(root: string, mounts: readonly Mount[]): string[] {
  return [
    "set -eu",
    ...[...mounts, ...devices].flatMap(({ from, to, isWritable = false }) => {
      const target = quoted(join(root, to));
      const bind = `mount --bind ${quoted(from)} ${target}`;
      return isWritable ? [bind] : [bind, `mount -o remount,bind,ro ${target}`];
    }),
    `mount -t proc proc ${quoted(join(root, "proc"))}`,
  ];
}

/** A word for a shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
