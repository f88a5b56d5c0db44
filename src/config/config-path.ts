import type { Environment } from "./substitution.ts";

/** The file that a flag or LLMHUB_CONFIG chooses; undefined: none, and what is built in holds. */
export function configPath({ path, env }: { readonly path?: string | undefined; readonly env: Environment }) {
  return path || env["LLMHUB_CONFIG"] || undefined;
}
