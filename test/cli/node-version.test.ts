import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freshBundle } from "../../build/bundle.ts";
import manifest from "../../package.json" with { type: "json" };
import { root } from "../support/source.ts";

const [, needed] = /^>=(\d+\.\d+)$/.exec(manifest.engines.node) ?? [];
/** A Node.js of the machine's own, beside the one that runs the tests. */
const others = (process.env["PATH"] ?? "")
  .split(":")
  .filter((folder) => !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .map((node) => ({ node, version: spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout }));
const old = others.find(({ version }) => Number(version?.split(".")[0]) < 24);

describe.each([join(root, "src/main.js"), await freshBundle()])("%s", (main) => {
  test.each(["24.6.9", "23.99.0", "9.9.9"])("refuses Node.js %s, by what package.json says", (version) => {
    expect(startedAs(version, main)).toEqual([
      1,
      "",
      `llmhub: it needs Node.js ${needed} or newer, and this is ${version}\n`,
    ]);
  });

  test.each(["24.7.0", "25.0.0"])("takes Node.js %s", (version) => {
    expect(startedAs(version, main)).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/), ""]);
  });

  test.skipIf(old === undefined)("an old Node.js gets as far as that line", () => {
    const { status, stderr } = spawnSync(old?.node ?? "", [main, "serve"], { encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^llmhub: it needs Node\.js [^\n]+\n$/)]);
  });
});

/** How the program ends in a Node.js that says to be another. */
function startedAs(version: string, main: string): unknown[] {
  const pretends = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
  const hook = `data:text/javascript,${encodeURIComponent(pretends)}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", hook, main, "--version"], {
    encoding: "utf8",
  });
  return [status, stdout, stderr];
}
