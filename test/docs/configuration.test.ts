import { expect, test } from "vitest";
import { providerKinds } from "../../src/providers/index.ts";
import { loadText, temporaryDirectory } from "../config/files.ts";
import { documentation } from "./page.ts";

const examples = documentation()
  .flatMap(({ blocks }) => blocks)
  .filter(({ language, text }) => language === "yaml" && /^providers:/m.test(text));

/** Whatever variable an example asks for, each with a value of its own. */
function environmentFor(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, name]));
}

test("the pages have configurations", () => {
  expect(examples.length).toBeGreaterThan(2);
});

test.each(examples)("the configuration in $page:$line works", async ({ text }) => {
  await using directory = await temporaryDirectory();
  const secret = await directory.write("secret", "s3cret");
  const whole = /^auth:/m.test(text) ? text : `auth: { mode: off }\n${text}`;
  const env = environmentFor(text);
  const config = await loadText(whole.replaceAll(/file:\/run\/[\w/]+/g, `file:${secret}`), env, providerKinds);
  expect(config.providers.length).toBeGreaterThan(0);
});
