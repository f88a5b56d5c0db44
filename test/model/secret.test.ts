import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../../src/model/secret.ts";

const secret = new Secret("sk-hidden");

test("a secret is given to whoever asks for it", () => {
  expect(secret.reveal()).toBe("sk-hidden");
});

test.each([
  ["a template", `${secret}`],
  ["addition", `${secret}!`.slice(0, -1)],
  ["String", String(secret)],
  ["JSON", JSON.stringify({ secret }).slice(10, -1).replaceAll('"', "")],
  ["inspection", inspect(secret, { showHidden: true, depth: 9 })],
])("%s shows nothing", (_, text) => {
  expect(text).toBe("[secret]");
});

test("nothing is left to enumerate or copy", () => {
  expect({ ...secret }).toEqual({});
  expect(inspect({ deep: [secret] }, { depth: 9 })).not.toContain("hidden");
});
