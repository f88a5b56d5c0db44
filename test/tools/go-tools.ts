import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Where the programs are. */
export const goToolFolder = join(import.meta.dirname, "../../node_modules/.cache/llmhub-tools");

/** Builds the programs that go.mod pins, where they have changed; answers what went wrong, if anything did. */
export function buildGoTools(): string | undefined {
  const words = ["build", "-o", `${goToolFolder}/`, "tool"];
  const { status, error, stderr } = spawnSync("go", words, { cwd: import.meta.dirname, encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr);
}

/** Path of a program of go.mod, once it is built. */
export function goTool(name: "ghz" | "grpcurl"): string {
  return join(goToolFolder, name);
}
