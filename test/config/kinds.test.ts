// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment look like this
import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { ProviderKind } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { kinds, loadText, problemsOf, temporaryDirectory } from "./files.ts";

const off = "auth: { mode: off }\n";

/** A kind that lives where its settings say, and needs no key. */
const cloud: ProviderKind = {
  baseUrl: ({ region }) => (region === undefined ? undefined : `https://${region}.cloud.example`),
  keyRequired: false,
  switches: ["CLOUD_PROFILE"],
  settings: {
    region: { about: "where it runs", variables: ["CLOUD_REGION", "CLOUD_DEFAULT_REGION"], required: true },
    secretKey: { about: "proves who asks", variables: ["CLOUD_SECRET_KEY"] },
    account: { about: "who pays", required: true },
  },
  models: () => new Map([["gpt-5", {}]]),
  modelNames: () => [],
};
const known = new Map([...kinds, ["cloud", cloud]]);
const problems = (text: string, env: Record<string, string> = {}) => problemsOf(off + text, env, known);
const load = (text: string, env: Record<string, string> = {}) => loadText(off + text, env, known);

test("settings that a kind does not have are told, with what may have been meant", async () => {
  expect(await problems("providers:\n  cloud: { settings: { regoin: x, account: a, region: r, zzz: 1 } }")).toEqual([
    "hub.yaml:3:63 providers.cloud.settings.zzz: must be text; put quotes around it if it looks like a number or a date",
  ]);
  expect(await problems('providers:\n  cloud: { settings: { regoin: x, account: a, region: r, zzz: "1" } }')).toEqual([
    "hub.yaml:3:24 providers.cloud.settings.regoin: is no setting of this kind; did you mean region? (known: region, secretKey, account)",
    "hub.yaml:3:58 providers.cloud.settings.zzz: is no setting of this kind (known: region, secretKey, account)",
  ]);
  expect(await problems("providers: { simulator: { settings: { region: x, Region: y } } }")).toEqual([
    "hub.yaml:2:50 providers.simulator.settings.Region: must be the name of a setting: a lower-case letter, then letters and digits",
  ]);
  expect(await problems("providers: { simulator: { settings: { region: x } } }")).toEqual([
    "hub.yaml:2:39 providers.simulator.settings.region: is no setting of this kind; the kind has none",
  ]);
});

test("settings that can only be one of a few are told so", async () => {
  const api = { about: "which API", values: ["old", "new"] };
  const both = new Map([["cloud", { ...cloud, baseUrl: "https://cloud.example", settings: { api } }]]);
  const told = (value: string) => problemsOf(`${off}providers: { cloud: { settings: { api: ${value} } } }`, {}, both);
  expect(await told("newer")).toEqual(["hub.yaml:2:40 providers.cloud.settings.api: must be one of old, new"]);
  expect(await told("new")).toEqual([]);
});

test("settings that are missing are told, with the variable that may give them", async () => {
  expect(await problems("providers:\n  here: { kind: cloud }")).toEqual([
    "hub.yaml:3:3 providers.here: needs settings.region (where it runs), or the environment variable CLOUD_REGION",
    "hub.yaml:3:3 providers.here: needs settings.account (who pays)",
  ]);
});

test("settings that lead to no address are told", async () => {
  const lost = new Map(known).set("lost", {
    ...cloud,
    settings: { host: { about: "where" } },
    baseUrl: () => undefined,
  });
  expect(await problemsOf(`${off}providers: { lost: { settings: { host: ":" } } }`, {}, lost)).toEqual([
    "hub.yaml:2:14 providers.lost: has settings that give no address; check them, or give baseUrl (known: host)",
  ]);
});

test("settings come from the file, a file that it names, or the first variable that is set", async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write("secret", "s3cret\n");
  const env = { CLOUD_REGION: "", CLOUD_DEFAULT_REGION: "north", CLOUD_SECRET_KEY: "of-the-environment", WHO: "me" };
  const { providers, files } = await load(
    `providers:
  one: { kind: cloud, settings: { account: "\${WHO}-1" } }
  two: { kind: cloud, settings: { account: a, region: south, secretKey: "file:${path}" } }`,
    env,
  );
  const shown = providers.map(({ settings }) =>
    Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value.reveal()])),
  );
  expect(shown).toEqual([
    { account: "me-1", region: "north", secretKey: "of-the-environment" },
    { account: "a", region: "south", secretKey: "s3cret" },
  ]);
  expect(files).toContain(path);
});

test("a setting is never shown", async () => {
  const secret = "Qz9-very-secret";
  const config = await load(`providers: { cloud: { settings: { account: ${secret}, region: "\${R}" } } }`, {
    R: secret,
    CLOUD_SECRET_KEY: secret,
  });
  expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain(secret);
  for (const text of [
    `providers: { cloud: { settings: { region: ${secret}, account: [${secret}] } } }`,
    `providers: { cloud: { settings: ${secret} } }`,
    `providers: { cloud: { settings: { region: ${secret}, account: "file:/nope/${secret}" } } }`,
  ]) {
    const found = await problems(text, { CLOUD_SECRET_KEY: secret });
    expect(found).not.toEqual([]);
    expect(found.join("\n")).not.toContain(secret);
  }
});

test("a kind without a key is switched on by its variables, and gets its settings from there", async () => {
  const env = { CLOUD_PROFILE: "dev", CLOUD_REGION: "north", CLOUD_SECRET_KEY: "s" };
  expect(await loadConfig({ env, kinds: known }).then(String, (error) => error.message)).toBe(
    "built-in defaults providers.cloud: needs settings.account (who pays)",
  );
  const { account: _, ...settings } = cloud.settings ?? {};
  const { providers } = await loadConfig({ env, kinds: new Map(known).set("cloud", { ...cloud, settings }) });
  expect(providers.map(({ id, apiKey, settings }) => [id, apiKey, settings["region"]?.reveal()])).toEqual([
    ["cloud", undefined, "north"],
    ["simulator", undefined, undefined],
  ]);
});

test("a base model is one that the kind has built in", async () => {
  const at = (baseModel: string) =>
    `providers:\n  cloud: { settings: { region: r, account: a }, models: { chat: { baseModel: ${baseModel} } } }`;
  expect((await load(at("gpt-5"))).providers[0]?.models.get("chat")?.baseModel).toBe("gpt-5");
  expect(await problems(at("gpt-55"))).toEqual([
    "hub.yaml:3:78 providers.cloud.models.chat.baseModel: names no built-in model of this kind; did you mean gpt-5?",
  ]);
});

test("only a kind with a list of models can be asked for them", async () => {
  const both = "cloud: { settings: { region: r, account: a }, discover: true }, simulator: { discover: true }";
  expect(await problems(`providers: { ${both} }`)).toEqual([
    "hub.yaml:2:101 providers.simulator.discover: cannot be true: the kind has no list of models; remove it",
  ]);
  const { providers } = await load(`providers: { cloud: { settings: { region: r, account: a }, discover: false } }`);
  expect(providers[0]?.discover).toBe(false);
});
