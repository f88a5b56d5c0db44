import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./source.ts";

/** A folder outside of the repository in which the package is installed as it is packed, with nothing but what it depends on. */
export class InstalledPackage implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "llmhub-installed-"));
  /** What the package consists of: "dist/main.js". */
  readonly files: readonly string[];

  constructor() {
    const said = npm("pack", "--json", "--silent", "--pack-destination", this.folder);
    const [packed]: [{ filename: string; files: { path: string }[] }] = JSON.parse(said.slice(said.indexOf("[\n")));
    this.files = packed.files.map(({ path }) => path);
    const place = this.#modules("llm-connector-hub");
    mkdirSync(place, { recursive: true });
    execFileSync("tar", ["-xzf", join(this.folder, packed.filename), "-C", place, "--strip-components", "1"]);
    const manifest: { dependencies: object } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
    for (const name of Object.keys(manifest.dependencies)) this.link(name);
  }

  /** Makes a package of this repository's available, as if it had been installed beside. */
  link(name: string): void {
    mkdirSync(dirname(this.#modules(name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), this.#modules(name));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  #modules(name: string): string {
    return join(this.folder, "node_modules", name);
  }
}

function npm(...args: readonly string[]): string {
  return execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
