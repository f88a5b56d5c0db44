import { describe, expect, it } from "vitest";
import { azureOpenai } from "../../../src/providers/azure-openai/azure-openai.ts";
import { faultOfAzure } from "../../../src/providers/azure-openai/content-filter.ts";
import { surfaceOf } from "../../../src/providers/azure-openai/surface.ts";
import type { Settings } from "../../../src/providers/provider.ts";
import { bodyOf, embedBodyOf } from "../../support/provider-body.ts";

const foundry = "https://r.services.ai.azure.com/models";

describe("the address", () => {
  it.each<[Settings, string | undefined]>([
    [{ resource: "r" }, "https://r.openai.azure.com/openai/v1"],
    [{ endpoint: "https://r.openai.azure.com/" }, "https://r.openai.azure.com/openai/v1"],
    [{ endpoint: "https://r.openai.azure.com/openai/v1/" }, "https://r.openai.azure.com/openai/v1"],
    [{ resource: "r", apiVersion: "2024-10-21" }, "https://r.openai.azure.com/openai"],
    [{ endpoint: foundry }, foundry],
    [{ endpoint: "http://r.openai.azure.com" }, undefined],
    [{ endpoint: "nonsense" }, undefined],
    [{}, undefined],
  ])("of %j is %s", (settings, baseUrl) => {
    expect(surfaceOf(settings).baseUrl).toBe(baseUrl);
  });
});

describe("the request", () => {
  const request = { input: "hi", maxOutputTokens: 9 };
  const at = (model: string, settings: Settings) => bodyOf(azureOpenai, model, request, { settings });

  it("goes to v1 with the deployment as the model", () => {
    const { path, body } = at("my-gpt", { resource: "r" });
    expect(path).toBe("/chat/completions");
    expect(body).toMatchObject({ model: "my-gpt", max_completion_tokens: 9 });
  });

  it("goes to the deployment under a dated version, with the bound under the name that it knows", () => {
    const { path, body } = at("my/gpt", { resource: "r", apiVersion: "2024-02-01" });
    expect(path).toBe("/deployments/my%2Fgpt/chat/completions?api-version=2024-02-01");
    expect(body).toMatchObject({ max_tokens: 9 });
    const reasoning = at("o3-mini", { resource: "r", apiVersion: "2024-12-01-preview" });
    expect(reasoning.body).toMatchObject({ max_completion_tokens: 9 });
  });

  it("goes to all models of a resource, fields for the model included", () => {
    const { path, body, headers } = at("grok-3", { endpoint: foundry });
    expect(path).toBe("/chat/completions?api-version=2024-05-01-preview");
    expect(body).toMatchObject({ model: "grok-3", max_tokens: 9 });
    expect(headers).toEqual({ "extra-parameters": "pass-through" });
  });
});

it("asks for vectors at the same place", () => {
  const at = (settings: Settings) => embedBodyOf(azureOpenai, "mine", { inputs: ["hi"] }, settings).path;
  expect([{ resource: "r" }, { resource: "r", apiVersion: "2024-10-21" }, { endpoint: foundry }].map(at)).toEqual([
    "/embeddings",
    "/deployments/mine/embeddings?api-version=2024-10-21",
    "/embeddings?api-version=2024-05-01-preview",
  ]);
});

it("asks each API for its models with a key", () => {
  const { healthPath } = azureOpenai;
  if (typeof healthPath !== "function") throw new Error("the path depends on the settings");
  expect(
    [{ resource: "r" }, { resource: "r", apiVersion: "2024-10-21" }, { endpoint: foundry }].map(healthPath),
  ).toEqual(["/models", "/models?api-version=2024-10-21", "/info?api-version=2024-05-01-preview"]);
});

it("proves who asks by the key, or else by Entra", () => {
  const surroundings = { env: {}, homeDirectory: "", now: () => 0 };
  expect(azureOpenai.authorize("k")).toEqual({ "api-key": "k" });
  expect(azureOpenai.authorizer?.({ key: "k", settings: {}, surroundings })).toBeUndefined();
  expect(azureOpenai.authorizer?.({ key: undefined, settings: {}, surroundings })).toBeDefined();
});

/** The body after learn.microsoft.com, "Content filtering": a prompt that was refused. None is among the recordings. */
it("names the categories for which a prompt was refused", () => {
  const results = {
    hate: { filtered: true, severity: "high" },
    jailbreak: { filtered: true, detected: true },
    violence: { filtered: false, severity: "safe" },
  };
  const error = {
    message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    code: "content_filter",
    status: 400,
    innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: results },
  };
  const failure = { provider: "azure-openai", model: "m", modelDeclared: true, status: 400, headers: {} };
  const fault = faultOfAzure({ ...failure, body: JSON.stringify({ error }) });
  expect([fault.reason, fault.info["category"]]).toEqual(["PROVIDER_CONTENT_FILTERED", "hate,jailbreak"]);
});
