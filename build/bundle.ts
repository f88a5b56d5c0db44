import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const folder = join(root, "dist");
/** What a bundle comes of. The lock file tells which packages. */
const sources = ["src", "gen", "build", "package-lock.json"];
/** Tells of which sources the bundle is that stands there. */
const stampPath = join(folder, "stamp");

/**
 * The program as operators run it: src and what it needs of node_modules, in few files. Gives its main file, made anew if
 * it is not that of the sources as they are, which takes a second. May run beside itself: files are replaced one by one,
 * and what two runs make of the same sources is the same.
 */
export async function freshBundle(): Promise<string> {
  const stamp = stampOf();
  if (!existsSync(stampPath) || readFileSync(stampPath, "utf8") !== stamp) {
    const files = new Map([...(await compiled()), ...tables(), ["stamp", stamp]]);
    for (const [name, content] of files) replace(join(folder, name), content);
    const before = filesOf(folder).filter((path) => /\.js(?:on)?$/.test(path));
    for (const path of before) if (!files.has(relative(folder, path))) rmSync(path, { force: true });
  }
  return join(folder, "main.js");
}

/** Size and time of every source. */
function stampOf(): string {
  const facts = sources
    .flatMap((source) => filesOf(join(root, source)))
    .map((path) => [path, statSync(path)] as const)
    .map(([path, { size, mtimeMs }]) => `${path} ${size} ${mtimeMs}`);
  return createHash("sha256").update(facts.sort().join("\n")).digest("hex");
}

async function compiled(): Promise<[name: string, content: string | Uint8Array][]> {
  // Loaded late: it takes longer than to see that there is nothing to do.
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({
    input: {
      main: join(root, "src/main.js"),
      worker: join(root, "src/worker.js"),
      extension: join(root, "src/extension.ts"),
    },
    platform: "node",
    logLevel: "warn",
  });
  // Names and lines stay as they are written, so that people can read a stack trace.
  const { output } = await bundle.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "parts/[name].js",
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await bundle.close();
  return output.map((file) => [file.fileName, file.type === "chunk" ? ascii(file.code) : file.source]);
}

/** One character above Latin-1, and V8 holds the whole file with two bytes for each. */
function ascii(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The tables of models, which are read as files from beside the code. */
function tables(): [name: string, content: string][] {
  return filesOf(join(root, "src/catalog"))
    .filter((path) => path.endsWith(".generated.json"))
    .map((path) => [`parts/${basename(path)}`, readFileSync(path, "utf8")]);
}

/** At once, so that nobody reads half of a file. */
function replace(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(draft, content);
  renameSync(draft, path);
}

function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
