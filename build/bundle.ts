import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Plugin } from "rolldown";

const root = join(import.meta.dirname, "..");
const folder = join(root, "dist");
/** What a bundle comes of. The lock file tells which packages, the other which version it is. */
const sources = ["src", "gen", "build", "package.json", "package-lock.json"];
/** Tells of which sources the bundle is that stands there. */
const stampPath = join(folder, "stamp");

/**
 * The program as operators run it: src and what it needs of node_modules, in few files. Gives its main file, made anew if
 * it is not that of the sources as they are, which takes a second. May run beside itself: files are replaced one by one,
 * and what two runs make of the same sources is the same.
 */
export async function freshBundle(): Promise<string> {
  const stamp = stampOf();
  if (stampThere() !== stamp) {
    const files = new Map([...(await compiled()), ...tables(), ["stamp", stamp]]);
    // What is half replaced is of no sources.
    rmSync(stampPath, { force: true });
    for (const [name, content] of files) replace(join(folder, name), content);
    // What is packed beside the bundle is not of it.
    const before = ["", "parts/"].flatMap((part) => readdirSync(join(folder, part)).map((name) => `${part}${name}`));
    for (const name of before)
      if (/\.js(?:on)?$/.test(name) && !files.has(name)) rmSync(join(folder, name), { force: true });
  }
  return join(folder, "main.js");
}

/** Empty for none. Another run may take it away at any time. */
function stampThere(): string {
  try {
    return readFileSync(stampPath, "utf8");
  } catch {
    return "";
  }
}

/** Of the content of every source: times and folders change on the way into an image. */
function stampOf(): string {
  const hash = createHash("sha256");
  const paths = sources.flatMap((source) => filesOf(join(root, source)));
  for (const path of paths.sort()) hash.update(`${relative(root, path)}\n`).update(readFileSync(path));
  return hash.digest("hex");
}

async function compiled(): Promise<[name: string, content: string | Uint8Array][]> {
  const { rolldown } = await compiler();
  const bundle = await rolldown({
    input: {
      main: join(root, "src/main.js"),
      worker: join(root, "src/worker.js"),
      extension: join(root, "src/extension.ts"),
      library: join(root, "src/library.ts"),
    },
    plugins: [clientApart],
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

/** Who embeds the hub and who calls one have the same client, with the same errors: the one that is packed beside the bundle. */
const clientApart: Plugin = {
  name: "client-apart",
  resolveId: (source, importer) => {
    const isClient = importer === join(root, "src/library.ts") && source === "./client.ts";
    return isClient ? { id: "llm-connector-hub/client", external: true } : undefined;
  },
};

/** Loaded late: it takes longer than to see that there is nothing to do, and in production it is not there. */
async function compiler(): Promise<typeof import("rolldown")> {
  try {
    return await import("rolldown");
  } catch (cause) {
    const what = "dist/ is not made of the sources as they are, and rolldown, which makes it, cannot be loaded";
    throw new Error(`${what}. Run npm ci, with development packages, and then npm run build`, { cause });
  }
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

/** Every file below a folder, or the file itself. */
export function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
