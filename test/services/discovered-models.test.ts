import { expect, test } from "vitest";
import { HealthState, ModelType } from "../../gen/llmhub/v1/model_service_pb.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { Router } from "../../src/dispatch/router.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Provider } from "../../src/model/target.ts";
import { modelClient, noWaiting, selectorsOf } from "./model-client.ts";

const local: Provider = {
  id: "local",
  displayName: "Local",
  models: new Map([["known", { ...unknownModel, type: "completion" }]]),
  defaultModel: undefined,
  timeouts: { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 },
  generate: () => Promise.reject(new GatewayError("INTERNAL", "never called here")),
  listModels: async () => ["zeta", "known", "alias-only", "alpha"],
};
const providers = new Map<string, Provider>([
  ["local-2", { ...local, id: "local-2", models: new Map() }],
  ["local", local],
]);
const aliases = new Map([["short", "local/alias-only"]]);
const router = new Router({ providers, aliases, defaultModel: undefined });
const lists = noWaiting();
const client = (models: readonly string[] | undefined) =>
  modelClient(models, () => ({
    router,
    providers,
    discovery: lists,
    health: () => undefined,
    trouble: () => HealthState.UNSPECIFIED,
  }));
const all = [
  ...["local-2/alias-only", "local-2/alpha", "local-2/known", "local-2/zeta"],
  ...["local/alias-only", "local/alpha", "local/known", "local/zeta"],
];

test("models that a provider lists stand among those that tables and aliases name, each once, and pages joined are the whole list", async () => {
  expect(await selectorsOf(client(undefined), {})).toEqual(all);
  const paged: string[] = [];
  let pageToken = "";
  do {
    const page = await client(undefined).listModels({ pageSize: 3, pageToken });
    paged.push(...page.models.map(({ selector }) => selector));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(paged).toEqual(all);
});

test("nothing is known of models that only their provider lists, also by GetModel", async () => {
  const { models } = await client(undefined).listModels({ provider: "local" });
  expect(models.map(({ type }) => type)).toEqual([0, 0, ModelType.COMPLETION, 0]);
  expect(models[1]).toMatchObject({ displayName: "alpha", capabilities: { contextWindow: 0, features: [] } });
  expect(models[1]?.pricing).toBeUndefined();
  expect((await client(undefined).getModel({ name: "local/alpha" })).model).toEqual(models[1]);
  expect(await selectorsOf(client(undefined), { type: ModelType.COMPLETION })).toEqual(["local/known"]);
});

test("a key sees those of them that it may use, and the provider counts them", async () => {
  const narrow = client(["local/z*", "short"]);
  const { models } = await narrow.listModels({});
  expect(models.map(({ selector }) => selector)).toEqual(["short", "local/zeta"]);
  expect(await narrow.listProviders({})).toMatchObject({ providers: [{ providerId: "local", modelCount: 2 }] });
  const { providers } = await client(undefined).listProviders({});
  expect(providers.map(({ modelCount }) => modelCount)).toEqual([4, 4]);
});
