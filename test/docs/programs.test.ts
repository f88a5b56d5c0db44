import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/source.ts";
import { documentation } from "./page.ts";

const programs = documentation()
  .flatMap(({ blocks }) => blocks)
  .filter(({ language, notes }) => language === "ts" && !notes.has("fragment"));

/** What the rules for own code ask for beyond types. */
const relaxed = {
  noUnusedLocals: false,
  noUnusedParameters: false,
  noPropertyAccessFromIndexSignature: false,
};

test("TypeScript on the pages has the types that it should", async () => {
  expect(programs.length).toBeGreaterThan(4);
  // Inside of the checkout, where packages are found.
  const folder = mkdtempSync(join(root, ".docs-"));
  try {
    const config = { extends: "../tsconfig.json", compilerOptions: relaxed, include: ["*.ts", "../src/**/*.d.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    for (const { page, line, text } of programs) {
      writeFileSync(join(folder, `${page.replaceAll(/\W/g, "-")}-${line}.ts`), `${text}\nexport {};\n`);
    }
    expect(await typesOf(folder)).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

/** What the compiler finds wrong. */
function typesOf(folder: string): Promise<string> {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return new Promise((resolve) => {
    execFile(process.execPath, [compiler, "-p", folder], (error, out) => resolve(error === null ? "" : out));
  });
}
