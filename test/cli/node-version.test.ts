import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { checkNode } from "../../src/cli/node-version.ts";

test.each(["24.7.0", "24.21.0", "25.0.0", process.versions.node])("Node.js %s will do", (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test.each(["24.6.0", "22.99.0", "9.9.9"])(
  "Node.js %s is refused, and what is needed is what package.json says",
  (version) => {
    const [, needed] = /^>=([\d.]+)$/.exec(manifest.engines.node) ?? [];
    expect(() => checkNode(version)).toThrow(`needs Node.js ${needed} or newer, and this is ${version}`);
  },
);
