import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../src/config/config-error.ts";

/** A directory with modules of extensions, gone when it is disposed of. */
export class Modules implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Modules> {
    return new Modules(await mkdtemp(join(tmpdir(), "llmhub-extensions-")));
  }

  /** Writes a module and gives its path. */
  async write(text: string, name = "own.js", mode = 0o644): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, text);
    await chmod(path, mode);
    return path;
  }

  /** Writes an extension that keeps what happens to it in a list of the process; gives its path. */
  extension(init: string, rest = "", name = "own.js"): Promise<string> {
    return this.write(
      `const seen = globalThis.${seenName} ??= [];
      export const extension = { apiVersion: 1, name: "own", init: async (context) => { ${init} }, ${rest} };`,
      name,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

const seenName = "llmhubSeenByExtensions";

/** What extensions of this test have told, in order; empties the list. */
export function seen(): unknown[] {
  const list: unknown = Reflect.get(globalThis, seenName);
  return Array.isArray(list) ? list.splice(0) : [];
}

/** The lines of the ConfigError that a start or a reload is refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConfigError) return error.message;
  throw error ?? new Error("it was not refused");
}
