import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, type ChildOptions } from "../../support/child.ts";
import { answered } from "../../support/served-gateway.ts";

const startMsMax = 60_000;

/** How to install what is missing. */
export const installCommand = "test/bench/peers/install.sh";

/** Something in this folder, or undefined where nothing installed it. */
export function installed(path: string): string | undefined {
  const full = join(import.meta.dirname, path);
  return existsSync(full) ? full : undefined;
}

/** The program of a peer, and how it is known to serve. */
export interface Start extends ChildOptions {
  readonly cores: string | undefined;
  readonly args: readonly string[];
  /** Answers 200 when it serves. */
  readonly readyUrl: string;
}

/** Starts the process of a peer and resolves when it serves. */
export async function startProcess({ cores, args, readyUrl, ...options }: Start): Promise<Child> {
  const child = new Child(cores, args, options);
  await answered(child, readyUrl, startMsMax);
  return child;
}

/** A folder of its own with one file in it, which goes when the process of this bench ends. */
export function folderWith(name: string, content: object): string {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-peer-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

/** How an OpenAI client calls a peer, with headers beside the credential. */
export function chatTarget(url: string, headers: Readonly<Record<string, string>> = {}, model = "gpt-4o-mini") {
  const authorization = { authorization: "Bearer sk-bench" };
  return { url, door: "http", model, headers: { ...authorization, ...headers }, exact: false } as const;
}
