import { readBounded } from "./bounded-file.ts";
import type { Environment } from "./substitution.ts";

/** Of a configuration file. Ten thousand API keys, each with its tenant and models, take less than two. */
export const fileBytesMax = 8 * 1024 * 1024;

/**
 * A field of the section server as the file says it, unchecked. undefined where it says nothing or cannot be read, which is
 * told by whoever loads it. Much cheaper than to load the configuration, and without any provider.
 */
export async function serverField(name: string, path: string, env: Environment): Promise<unknown> {
  try {
    const text = await readBounded(path, fileBytesMax);
    if (!text.includes(name)) return undefined;
    const { readYaml } = await import("./yaml-file.ts");
    return Object(readYaml(path, text, env).value["server"])[name];
  } catch {
    return undefined;
  }
}
