import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { providerKinds } from "../../src/providers/index.ts";
import { loadText, temporaryDirectory } from "./files.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = ""]) => text);

/** Whatever variable an example asks for, each with a value of its own. */
const env = Object.fromEntries([...readme.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, name]));

test("README has configurations", () => {
  expect(examples.length).toBeGreaterThan(1);
});

test.each(examples)("the configuration in README works: %s", async (example) => {
  await using directory = await temporaryDirectory();
  const secret = await directory.write("secret", "s3cret");
  const whole = /^auth:/m.test(example) ? example : `auth: { mode: off }\n${example}`;
  const config = await loadText(whole.replaceAll(/file:\/run\/[\w/]+/g, `file:${secret}`), env, providerKinds);
  expect(config.providers.length).toBeGreaterThan(2);
});
