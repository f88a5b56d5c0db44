import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema, ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { HealthState, ModelService, ModelType } from "../../gen/llmhub/v1/model_service_pb.ts";
import { HealthWindow } from "../../src/dispatch/health-window.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { Router } from "../../src/dispatch/router.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { ModelFacts, Provider } from "../../src/model/target.ts";
import { type ModelView, modelService } from "../../src/services/models.ts";
import { createRequestValidator } from "../../src/services/validation.ts";
import { modelClient, noWaiting, selectorsOf } from "./model-client.ts";

const validator = createRequestValidator();

const priced: ModelFacts = {
  type: "completion",
  contextWindow: 128_000,
  maxOutputTokens: 16_384,
  dimensions: 0,
  retireTimeMs: 0,
  inputModalities: [Modality.TEXT, Modality.IMAGE],
  outputModalities: [Modality.TEXT],
  features: new Set(["tools", "streaming"]),
  priceList: {
    name: "openai 2030-01",
    prices: [{ meter: "input", nanosPerMillion: 2_500_000_000n, fromInputTokens: 0 }],
  },
};

const never = () => Promise.reject(new GatewayError("INTERNAL", "never called here"));

function provider(id: string, displayName: string, models: Record<string, ModelFacts>): Provider {
  return {
    id,
    displayName,
    models: new Map(Object.entries(models)),
    defaultModel: undefined,
    timeouts: { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 },
    generate: never,
  };
}

const providers = new Map([
  ["openai", provider("openai", "OpenAI", { "gpt-4o": priced, "gpt-4o-mini": priced })],
  ["acme", provider("acme", "Acme", { one: { ...unknownModel, type: "completion" } })],
]);
const router = new Router({
  providers,
  aliases: new Map([
    ["fast", "openai/gpt-4o-mini"],
    ["new", "acme/two"],
  ]),
  defaultModel: undefined,
});
const nowMs = Date.UTC(2030, 0, 1);

function viewOf(): ModelView {
  const openai = new HealthWindow(() => nowMs);
  openai.observe({ failed: false, reason: "", firstOutputMs: 1500 });
  const acme = new HealthWindow(() => nowMs);
  for (let count = 0; count < 5; count++) {
    acme.observe({ failed: true, reason: "PROVIDER_UNAVAILABLE", firstOutputMs: undefined });
  }
  const windows = new Map([
    ["openai", openai],
    ["acme", acme],
  ]);
  return {
    router,
    providers,
    discovery: noWaiting(),
    health: (id) => windows.get(id)?.snapshot(),
    trouble: () => HealthState.UNSPECIFIED,
  };
}

const clientOf = (models: readonly string[] | undefined, view = viewOf) => modelClient(models, view);
const everything = clientOf(undefined);

describe("ListModels", () => {
  test("tells everything known of a model", async () => {
    const { models, nextPageToken } = await everything.listModels({ provider: "openai" });
    expect(nextPageToken).toBe("");
    expect(models[1]).toMatchObject({
      name: "providers/openai/models/gpt-4o-mini",
      selector: "openai/gpt-4o-mini",
      type: ModelType.COMPLETION,
      upstreamModel: "gpt-4o-mini",
      aliases: ["fast"],
      capabilities: {
        contextWindow: 128_000,
        maxOutputTokens: 16_384,
        inputModalities: [Modality.TEXT, Modality.IMAGE],
        outputModalities: [Modality.TEXT],
        features: ["streaming", "tools"],
      },
      pricing: {
        priceList: "openai 2030-01",
        lines: [{ meter: "input", pricePerMillion: { currencyCode: "USD", amountNanos: 2_500_000_000n } }],
      },
      health: {
        state: HealthState.HEALTHY,
        p50TimeToFirstOutput: { seconds: 1n, nanos: 500_000_000 },
        observeTime: { seconds: BigInt(nowMs / 1000) },
      },
    });
  });

  test("tells of embedding models, and of the day when one goes", async () => {
    const embed = { ...priced, type: "embedding", maxOutputTokens: 0, dimensions: 256, retireTimeMs: nowMs } as const;
    const both: Provider = {
      ...provider("up", "Up", { vector: embed, rank: { ...priced, type: "rerank" } }),
      embed: never,
    };
    const providers = new Map([["up", both]]);
    const router = new Router({ providers, aliases: new Map(), defaultModel: undefined });
    const client = clientOf(undefined, () => ({
      router,
      providers,
      discovery: noWaiting(),
      health: () => undefined,
      trouble: () => HealthState.UNSPECIFIED,
    }));
    expect((await client.listModels({ type: ModelType.EMBEDDING })).models).toMatchObject([
      { type: ModelType.EMBEDDING, capabilities: { dimensions: [256] }, retireTime: { seconds: BigInt(nowMs / 1000) } },
    ]);
    // The provider has no reranking.
    const { model } = await client.getModel({ name: "up/rank" });
    expect([model?.type, model?.retireTime, model?.capabilities?.dimensions]).toEqual([0, undefined, []]);
  });

  test("says nothing of a price that is unknown", async () => {
    const { models } = await everything.listModels({ provider: "acme" });
    expect(models.map(({ selector, pricing }) => [selector, pricing])).toEqual([
      ["acme/one", undefined],
      ["acme/two", undefined],
    ]);
    expect(models[0]?.health).toMatchObject({
      state: HealthState.UNAVAILABLE,
      errorRate: 1,
      lastErrorReason: "PROVIDER_UNAVAILABLE",
    });
  });

  test.each([
    [{}, ["acme/one", "acme/two", "openai/gpt-4o", "openai/gpt-4o-mini"]],
    [{ healthyOnly: true }, ["openai/gpt-4o", "openai/gpt-4o-mini"]],
    [{ features: ["tools", "streaming"] }, ["openai/gpt-4o", "openai/gpt-4o-mini"]],
    [{ features: ["tools", "reasoning"] }, []],
    // Of acme/two nothing is known but an alias.
    [{ type: ModelType.COMPLETION, provider: "acme" }, ["acme/one"]],
    [{ provider: "nobody" }, []],
  ])("%j", async (request, selectors) => {
    expect(await selectorsOf(everything, request)).toEqual(selectors);
  });

  test("pages joined are the whole list", async () => {
    const selectors: string[] = [];
    let pageToken = "";
    do {
      const page = await everything.listModels({ pageSize: 1, pageToken });
      selectors.push(...page.models.map(({ selector }) => selector));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(selectors).toEqual(await selectorsOf(everything, {}));
  });

  test("refuses the token of other filters", async () => {
    const { nextPageToken } = await everything.listModels({ pageSize: 1 });
    const misuse = everything.listModels({ pageSize: 1, pageToken: nextPageToken, provider: "openai" });
    await expect(misuse).rejects.toMatchObject({ code: Code.InvalidArgument });
  });

  test.each([
    [["acme/one"], ["acme/one"]],
    [["openai/*"], ["openai/gpt-4o", "openai/gpt-4o-mini"]],
    [["fast"], ["fast"]],
    [[], []],
  ])("a key for %j sees %j, by what it may write", async (models, selectors) => {
    expect(await selectorsOf(clientOf(models), {})).toEqual(selectors);
  });
});

describe("GetModel", () => {
  test.each([
    ["openai/gpt-4o", "openai/gpt-4o", []],
    ["providers/openai/models/gpt-4o", "openai/gpt-4o", []],
    ["fast", "openai/gpt-4o-mini", ["openai/gpt-4o-mini"]],
    ["aliases/new", "acme/two", ["acme/two"]],
    ["acme/undeclared", "acme/undeclared", []],
  ])("%s", async (name, selector, targets) => {
    expect(await everything.getModel({ name })).toMatchObject({ model: { selector }, targets });
  });

  test("gives by name what the list shows, also to a key that may use an alias only", async () => {
    const client = clientOf(["fast"]);
    const { models } = await client.listModels({});
    for (const model of models) {
      expect((await client.getModel({ name: model.name })).model).toEqual(model);
      expect((await client.getModel({ name: model.selector })).model).toEqual(model);
    }
    expect(models).toHaveLength(1);
  });

  test("an unknown model is not found, with its name", async () => {
    const error = await failureOf(everything.getModel({ name: "gpt-4o" }));
    expect(error.code).toBe(Code.NotFound);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "MODEL_NOT_FOUND", metadata: { model: "gpt-4o", nearNames: "openai/gpt-4o" } },
    ]);
  });

  test("what the key may not use is refused before it is looked for", async () => {
    for (const name of ["openai/gpt-4o", "nobody/x"]) {
      const error = await failureOf(clientOf(["acme/*"]).getModel({ name }));
      expect(error.code).toBe(Code.PermissionDenied);
      expect(error.findDetails(ResourceInfoSchema)).toMatchObject([{ resourceName: name }]);
    }
  });
});

describe("providers", () => {
  test("are listed in order with the number of their models", async () => {
    const { providers: listed } = await everything.listProviders({});
    expect(listed).toMatchObject([
      { name: "providers/acme", providerId: "acme", displayName: "Acme", modelCount: 2 },
      { name: "providers/openai", modelCount: 2, health: { state: HealthState.HEALTHY } },
    ]);
  });

  test("are seen as far as the key reaches", async () => {
    const client = clientOf(["fast"]);
    expect(await client.listProviders({})).toMatchObject({ providers: [{ providerId: "openai", modelCount: 1 }] });
    expect(await client.getProvider({ name: "providers/openai" })).toMatchObject({ provider: { modelCount: 1 } });
    for (const name of ["providers/acme", "providers/nobody"]) {
      expect((await failureOf(client.getProvider({ name }))).code).toBe(Code.PermissionDenied);
    }
  });

  test("an unknown one is not found, with its name", async () => {
    const error = await failureOf(everything.getProvider({ name: "providers/nobody" }));
    expect(error.code).toBe(Code.NotFound);
    expect(error.findDetails(ResourceInfoSchema)).toMatchObject([
      { resourceType: "llmhub.v1.Provider", resourceName: "providers/nobody" },
    ]);
  });
});

test("answers nobody when it is mounted without identity", async () => {
  const transport = createRouterTransport((routes) => routes.service(ModelService, modelService(viewOf, validator)));
  const error = await failureOf(createClient(ModelService, transport).listModels({}));
  expect(error.code).toBe(Code.Internal);
});

async function failureOf(call: Promise<unknown>): Promise<GatewayError> {
  return call.then(
    () => expect.unreachable("the call did not fail"),
    (error) => error,
  );
}
