// npm run check: everything that must hold before a change is complete, quickest first within its kind.
// With --without-tests, for those who run the tests on their own.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** One thing to check. Answers what is wrong; undefined when nothing is. */
interface Step {
  readonly name: string;
  readonly run: () => string | undefined;
}

const root = join(import.meta.dirname, "..");
/** Descriptors of the released API, which a change must not break. */
const released = "proto/released.binpb";
/** What `npm run generate` writes. */
const generated = ["gen", "src/config/llmhub.schema.json", "src/surfaces/openapi/openapi.json", "docs", "helm/llmhub"];

const steps: readonly Step[] = [
  { name: "generated code is up to date", run: generatedIsCurrent },
  { name: "proto files are well formed", run: () => tool("buf", "lint") },
  { name: "proto files are formatted", run: () => tool("buf", "format", "-d", "proto", "--exit-code") },
  { name: "the API breaks no client", run: breaking },
  { name: "format and lint", run: () => tool("biome", "check", ".") },
  { name: "types", run: () => tool("tsc", "-p", ".") },
  { name: "nothing is unused", run: () => tool("knip") },
  ...(process.argv.includes("--without-tests") ? [] : [{ name: "tests", run: () => tool("vitest", "run") }]),
];

/** Runs a tool of node_modules, its output shown as it comes. */
function tool(command: string, ...args: string[]): string | undefined {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: environment() });
  if (error !== undefined) return `${command} does not start (${error.message}); is npm ci done?`;
  return status === 0 ? undefined : `${[command, ...args].join(" ")} failed`;
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` };
}

/** Generates anew and compares, so that it works with uncommitted changes. */
function generatedIsCurrent(): string | undefined {
  const before = hashes();
  const failure = tool("npm", "run", "--silent", "generate");
  if (failure !== undefined) return failure;
  const after = hashes();
  const stale = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  return stale.length === 0 ? undefined : `out of date, now written anew: ${stale.join(", ")}`;
}

function hashes(): Map<string, string> {
  const paths = generated.flatMap((path) => {
    if (!existsSync(join(root, path)) || statSync(join(root, path)).isFile()) return path;
    const entries = readdirSync(join(root, path), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  });
  const found = paths.filter((path) => existsSync(join(root, path)));
  return new Map(
    found.map((path) => [
      path,
      createHash("sha256")
        .update(readFileSync(join(root, path)))
        .digest("hex"),
    ]),
  );
}

function breaking(): string | undefined {
  if (existsSync(join(root, released))) return tool("buf", "breaking", "proto", "--against", released);
  process.stdout.write(`  nothing is released yet: ${released} does not exist\n`);
  return undefined;
}

for (const [i, { name, run }] of steps.entries()) {
  process.stdout.write(`[${i + 1}/${steps.length}] ${name}\n`);
  const startMs = performance.now();
  const problem = run();
  if (problem !== undefined) {
    process.stderr.write(`\ncheck failed at "${name}": ${problem}\n`);
    process.exit(1);
  }
  process.stdout.write(`  ok, ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);
}
