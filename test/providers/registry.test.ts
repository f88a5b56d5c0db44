import { expect, it } from "vitest";
import { providerKinds } from "../../src/providers/index.ts";

const kinds = [...providerKinds.values()];
/** Two doors of one house with the same models behind them; the first that is configured gets the calls. */
const sameModels = new Set(["gemini", "vertex"]);

it("no name of a model leads to two kinds, unless one of them yields", () => {
  const patterns = kinds.flatMap(({ kind, patterns = [] }) => patterns.map((pattern) => ({ kind, ...pattern })));
  const firm = patterns.filter(({ yields }) => yields !== true);
  const clashes = firm.filter(({ kind, prefix }) =>
    firm.some((other) => other.kind !== kind && other.prefix.startsWith(prefix) && !areSame(kind, other.kind)),
  );
  expect(clashes).toEqual([]);
});

it.each(["openai", "anthropic", "gemini", "deepseek", "xai", "cohere", "voyage"])(
  "%s gets the calls for every model of its own table by its bare name",
  (kind) => {
    const { models, patterns = [] } = kinds.find((facts) => facts.kind === kind) ?? { models: () => new Map() };
    const lost = [...models().keys()].filter((name) => !patterns.some(({ prefix }) => name.startsWith(prefix)));
    expect(lost).toEqual([]);
  },
);

it.each([
  ["models/gemini-2.5-flash", "gemini"],
  ["voxtral-small-latest", "mistral"],
  ["computer-use-preview", "openai"],
])("%s leads to %s", (name, wanted) => {
  const found = kinds.filter(({ patterns = [] }) => patterns.some(({ prefix }) => name.startsWith(prefix)));
  expect(found.map(({ kind }) => kind)).toEqual([wanted]);
});

it("no variable switches two kinds on", () => {
  const variables = kinds.flatMap(({ keyVariable = [], keyAliases = [], switches = [] }) =>
    [keyVariable, keyAliases, switches].flat(),
  );
  expect(variables.filter((name, index) => variables.indexOf(name) !== index)).toEqual([]);
});

it("addresses that are the kind's own are https, or on this machine", () => {
  const addresses = kinds.flatMap(({ baseUrl }) => (typeof baseUrl === "string" ? [baseUrl] : []));
  expect(addresses.filter((address) => !/^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1):/.test(address))).toEqual([]);
});

it("the model that a kind suggests is in its table, where it has one", () => {
  const unknown = kinds.filter(({ defaultModel, models }) => {
    const table = models();
    return defaultModel !== undefined && table.size > 0 && !table.has(defaultModel);
  });
  expect(unknown.map(({ kind, defaultModel }) => `${kind}/${defaultModel}`)).toEqual([]);
});

function areSame(kind: string, other: string): boolean {
  return sameModels.has(kind) && sameModels.has(other);
}
