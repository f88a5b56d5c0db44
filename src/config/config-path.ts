import { existsSync } from "node:fs";
import type { Environment } from "./substitution.ts";

/** Where the file is looked for when nobody names one. */
const usualConfigPath = "/etc/llmhub/llmhub.yaml";

/** The file that a flag or LLMHUB_CONFIG chooses, or else the usual one, if it is there; undefined: what is built in holds. */
export function configPath(
  { path, env }: { readonly path?: string | undefined; readonly env: Environment },
  usual: string = usualConfigPath,
): string | undefined {
  return path || env["LLMHUB_CONFIG"] || (existsSync(usual) ? usual : undefined);
}
