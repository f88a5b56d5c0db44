import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProviderKind, ProviderKinds } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";

/** Kinds as the registry of providers has them. */
export const kinds: ProviderKinds = new Map<string, ProviderKind>([
  ["openai", { baseUrl: "https://api.openai.com/v1", keyRequired: true, keyVariable: "OPENAI_API_KEY" }],
  ["anthropic", { baseUrl: "https://api.anthropic.com/v1", keyRequired: true, keyVariable: "ANTHROPIC_API_KEY" }],
  ["openai-compatible", { baseUrl: undefined, keyRequired: false }],
  ["simulator", { baseUrl: undefined, keyRequired: false }],
]);

/** A directory that goes when it is disposed of. */
export async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), "llmhub-config-"));
  return {
    path,
    write: async (name: string, text: string | Buffer): Promise<string> => {
      const file = join(path, name);
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Loads a file with this text. */
export async function loadText(
  text: string | Buffer,
  env: Record<string, string> = {},
  known: ProviderKinds = kinds,
): Promise<Config> {
  await using directory = await temporaryDirectory();
  return await loadConfig({ path: await directory.write("hub.yaml", text), env, kinds: known });
}

/** The problems of a file with this text, one per line, its directory left out. */
export async function problemsOf(
  text: string | Buffer,
  env: Record<string, string> = {},
  known: ProviderKinds = kinds,
): Promise<string[]> {
  return await loadText(text, env, known).then(
    () => [],
    (error: Error) => error.message.split("\n").map((line) => line.replace(/^\S*\/hub\.yaml/, "hub.yaml")),
  );
}
