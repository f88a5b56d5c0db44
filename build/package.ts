// npm pack: the bundle, and beside it what programs import: the client as modules of its own, and types.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { filesOf, freshBundle } from "./bundle.ts";

const root = join(import.meta.dirname, "..");
/** An import of a file beside; declarations still say .ts. */
const relativeImport = /((?:\bfrom|\bimport) ?\(?)"(\.[^"]+?)\.(?:ts|js)"/g;

const dist = dirname(await freshBundle());
const compiled = mkdtempSync(join(tmpdir(), "llmhub-compiled-"));
try {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  const config = join(import.meta.dirname, "package.tsconfig.json");
  execFileSync(process.execPath, [join(typescript, "bin/tsc"), "-p", config, "--outDir", compiled], {
    stdio: "inherit",
  });
  const messages = filesOf(join(root, "gen")).map((path) => path.slice(root.length + 1, -".ts".length));
  lay(
    "client",
    [...messages, "src/client", "src/client-web"].map((name) => `${name}.js`),
  );
  lay(
    "types",
    [...messages, "src/client", "src/client-web", "src/library", "src/extension"].map((name) => `${name}.d.ts`),
  );
} finally {
  rmSync(compiled, { recursive: true });
}

/** Copies compiled files, and those that they import, to a folder of dist. */
function lay(folder: string, entries: readonly string[]): void {
  rmSync(join(dist, folder), { recursive: true, force: true });
  const laid = new Set(entries);
  for (const name of laid) {
    const code = readFileSync(join(compiled, name), "utf8").replace(relativeImport, (_, before, path) => {
      const target = join(dirname(name), path);
      laid.add(name.endsWith(".d.ts") ? `${target}.d.ts` : `${target}.js`);
      return `${before}"${path}.js"`;
    });
    const file = join(dist, folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
}
