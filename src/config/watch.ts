import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

/** Between the first sign of a change and the look at the file: editors and orchestrators write in several steps. */
const settleMs = 100;

/**
 * Calls `onChange` when the file has changed, until the returned function is called. It watches directories, so a file
 * that is replaced by renaming, or by a swap of symbolic links as in Kubernetes, counts as changed; a file that is
 * missing does not. File systems that report no changes (some network mounts) need SIGHUP instead.
 */
export function watchConfig(path: string, onChange: () => void): () => void {
  let before = fingerprint(path);
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    timer = undefined;
    const now = fingerprint(path);
    if (now === undefined || now === before) return;
    before = now;
    onChange();
  };
  // Not restarted by later signs: a busy directory must not put the look off for ever.
  const notice = () => {
    timer ??= setTimeout(look, settleMs).unref();
  };
  const watchers = [...directories(path)].flatMap((directory) => watchDirectory(directory, notice));
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

function watchDirectory(directory: string, notice: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, { persistent: false }, notice);
    watcher.on("error", () => watcher.close());
    return [watcher];
  } catch {
    // No more watches left, or no such directory: SIGHUP still works.
    return [];
  }
}

/** Where the file's name is, and where a symbolic link leads. */
function directories(path: string): Set<string> {
  const found = new Set([dirname(path)]);
  try {
    found.add(dirname(realpathSync(path)));
  } catch {
    // The file may come later.
  }
  return found;
}

function fingerprint(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}
