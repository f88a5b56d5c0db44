// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment look like this
import { expect, test } from "vitest";
import type { ProviderKind } from "../../src/config/environment.ts";
import { kinds, loadText, problemsOf } from "./files.ts";

const region = { about: "where", required: true } as const;
const cloud: ProviderKind = {
  baseUrl: ({ region }) => region && `https://${region}.cloud.test/v1`,
  keyRequired: false,
  settings: { region, profile: { about: "whose" }, api: { about: "which", values: ["one", "two"] } },
};
const known = new Map<string, ProviderKind>([...kinds, ["cloud", cloud]]);

const problems = async (providers: string) => problemsOf(`auth: { mode: off }\nproviders: ${providers}`, {}, known);

test("credentials are read whole, secrets from where they stand", async () => {
  const text = `
auth: { mode: off }
providers:
  openai:
    credentials: [{ name: a, apiKey: "\${KEY_A}" }, { name: team-b, apiKey: sk-b }]
  cloud:
    settings: { region: here }
    credentials: [{ name: own }, { name: other, settings: { profile: other } }]
models:
  policies:
    p: { stickyTo: end-user, targets: [{ model: openai/m, credentials: [team-b] }] }
`;
  const { providers, models } = await loadText(text, { KEY_A: "sk-a" }, known);
  const told = providers.map(({ credentials }) =>
    credentials.map(({ name, apiKey, settings }) => [name, apiKey?.reveal(), settings["profile"]?.reveal()]),
  );
  expect(told).toEqual([
    [
      ["a", "sk-a", undefined],
      ["team-b", "sk-b", undefined],
    ],
    [
      ["own", undefined, undefined],
      ["other", undefined, "other"],
    ],
  ]);
  expect(models.policies.get("p")?.targets[0]?.credentials).toEqual(["team-b"]);
});

test.each<[string, string, ...string[]]>([
  [
    "a key beside them",
    "{ openai: { apiKey: x, credentials: [{ name: a, apiKey: y }] } }",
    "hub.yaml:2:32 providers.openai.apiKey: stands beside credentials; make it one of them, with a name",
  ],
  ["none", "{ openai: { credentials: [] } }", "hub.yaml:2:37 providers.openai.credentials: needs at least one entry"],
  [
    "one without a key that the kind needs",
    "{ openai: { credentials: [{ name: a }] } }",
    'hub.yaml:2:38 providers.openai.credentials[0]: needs apiKey, such as "${OPENAI_API_KEY}"',
  ],
  [
    "a name twice",
    "{ openai: { credentials: [{ name: a, apiKey: x }, { name: a, apiKey: y }] } }",
    "hub.yaml:2:70 providers.openai.credentials[1].name: is the same as of credentials[0]; each must be unique",
  ],
  [
    "a credential twice",
    "{ openai: { credentials: [{ name: a, apiKey: x }, { name: b, apiKey: x }] } }",
    "hub.yaml:2:62 providers.openai.credentials[1]: is the same credential as credentials[0]; remove one",
  ],
  [
    "another address",
    "{ cloud: { settings: { region: a }, credentials: [{ name: a }, { name: b, settings: { region: b } }] } }",
    "hub.yaml:2:75 providers.cloud.credentials[1]: leads to another address than credentials[0]; " +
      "make it a provider of its own, and a policy over both",
  ],
  [
    "a setting that is unknown, one of a wrong value, and one that is missing",
    "{ cloud: { credentials: [{ name: a, settings: { zone: x, api: three } }] } }",
    "hub.yaml:2:37 providers.cloud.credentials[0]: needs settings.region (where)",
    "hub.yaml:2:60 providers.cloud.credentials[0].settings.zone: is no setting of this kind (known: region, profile, api)",
    "hub.yaml:2:74 providers.cloud.credentials[0].settings.api: must be one of one, two",
  ],
])("credentials that cannot work: %s", async (_what, providers, ...expected) => {
  expect(await problems(providers)).toEqual(expected);
});

test("a policy names credentials that its provider has", async () => {
  const file = (credentials: string, target: string) =>
    problemsOf(
      `auth: { mode: off }
providers: { openai: ${credentials} }
models: { policies: { p: { targets: [{ model: openai/m, credentials: [${target}] }] } } }`,
    );
  const two = "{ credentials: [{ name: blue, apiKey: x }, { name: red, apiKey: y }] }";
  const at = "hub.yaml:3:71 models.policies.p.targets[0].credentials";
  expect(await file(two, "red")).toEqual([]);
  expect(await file(two, "bleu")).toEqual([
    `${at}[0]: names no credential of openai; did you mean blue? (it has blue, red)`,
  ]);
  expect(await file("{ apiKey: x }", "red")).toEqual([
    `${at}[0]: names no credential of openai (it has no names for any)`,
  ]);
});
