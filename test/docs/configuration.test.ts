import { expect, test } from "vitest";
import { parse } from "yaml";
import { providerKinds } from "../../src/providers/index.ts";
import { loadText, temporaryDirectory } from "../config/files.ts";
import { documentation } from "./page.ts";

const blocks = documentation().flatMap((page) => page.blocks);
const examples = blocks.filter(
  ({ language, notes, text }) =>
    language === "yaml" && !notes.has("no-run") && !notes.has("run-by") && !/^extensions:/m.test(text),
);

test("the pages have configurations", () => {
  expect(examples.length).toBeGreaterThan(2);
});

test.each(examples)("the configuration in $page:$line works", async ({ text }) => {
  await using directory = await temporaryDirectory();
  const secret = await directory.write("secret", "s3cret");
  const missing = {
    auth: /^auth:/m.test(text) ? "" : "auth: { mode: off }\n",
    providers: /^providers:/m.test(text) ? "" : "providers: { simulator: {} }\n",
  };
  const whole = `${missing.auth}${missing.providers}${text}`.replaceAll(/file:\/run\/[\w/]+/g, `file:${secret}`);
  const config = await loadText(whole, environmentFor(text), providerKinds);
  expect(config.providers.length).toBeGreaterThan(0);
});

test.each(blocks.filter(({ language }) => language === "json"))("the JSON in $page:$line is JSON", ({ text }) => {
  expect(() => JSON.parse(text)).not.toThrow();
});

test.each(blocks.filter(({ language, notes }) => language === "yaml" && notes.has("no-run")))(
  "the YAML in $page:$line is YAML",
  ({ text }) => {
    expect(() => parse(text)).not.toThrow();
  },
);

/** Whatever variable an example asks for, each with a value of its own. */
function environmentFor(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, name]));
}
