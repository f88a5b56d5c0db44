import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "../support/child.ts";
import { upstreamFile } from "./wire.ts";
import type { Shape } from "./workload.ts";

const compilers = ["cc", "gcc", "clang"];

/** The provider, in a process of its own. */
export class Upstream {
  readonly child: Child;
  readonly url: string;
  /** What it is written in: C where there is a compiler. */
  readonly language: "C" | "TypeScript";

  private constructor(child: Child, port: number, language: Upstream["language"]) {
    this.child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.language = language;
  }

  /** @param cores as taskset takes them. */
  static async start(cores: string | undefined, languages: readonly Upstream["language"][] = ["C", "TypeScript"]) {
    const folder = mkdtempSync(join(tmpdir(), "llmhub-upstream-"));
    const program = languages.includes("C") ? compiled(folder) : undefined;
    const child =
      program === undefined
        ? Child.of(cores, new URL("upstream.ts", import.meta.url))
        : new Child(cores, [written(folder)], { program });
    child.process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    return new Upstream(child, await child.message<number>(), program === undefined ? "TypeScript" : "C");
  }

  /** How all calls are answered from now on. */
  async answer(shape: Shape): Promise<void> {
    const taken = this.child.message();
    this.child.send(shape);
    await taken;
  }
}

/** The program, or undefined where none of the compilers makes one. */
function compiled(folder: string): string | undefined {
  const program = join(folder, "upstream");
  const source = fileURLToPath(new URL("upstream.c", import.meta.url));
  const made = compilers.some((compiler) => spawnSync(compiler, ["-O2", "-o", program, source]).status === 0);
  return made ? program : undefined;
}

function written(folder: string): string {
  const path = join(folder, "answers");
  writeFileSync(path, upstreamFile());
  return path;
}
