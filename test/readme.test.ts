import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./support/source.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");

test("README is a first page, not the manual", () => {
  expect(readme.split("\n").length).toBeLessThan(200);
});

test("it begins with what can be pasted: run it, test it", () => {
  const [run, check] = [...readme.matchAll(/^```sh[^\n]*\n(.*?)^```/gms)].map(([, text]) => text);
  expect([run, check]).toEqual(["npm ci && npm start\n", "npm ci && npm test\n"]);
  expect(readme.indexOf("npm ci && npm start")).toBeLessThan(1000);
});
