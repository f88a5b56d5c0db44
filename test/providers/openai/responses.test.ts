import type { JsonObject } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { azureOpenai } from "../../../src/providers/azure-openai/azure-openai.ts";
import { openai } from "../../../src/providers/openai/openai.ts";
import { xai } from "../../../src/providers/xai/xai.ts";
import { bodyOf } from "../../support/provider-body.ts";

const settings = { api: "responses" };
const render = (model: string, request: JsonObject) => bodyOf(openai, model, { input: "hi", ...request }, { settings });

it("keeps within OpenAI's limits, with a warning", () => {
  const { body, warnings } = render("gpt-5-pro", {
    maxOutputTokens: 9,
    temperature: 0.5,
    responseFormat: { jsonSchema: { name: "my schema", schema: {} } },
    reasoning: { effort: "high" },
  });
  expect(body).toMatchObject({
    max_output_tokens: 16,
    text: { format: { name: "my_schema" } },
    reasoning: { effort: "high", summary: "auto" },
    include: ["reasoning.encrypted_content"],
  });
  expect(body).not.toHaveProperty("temperature");
  expect(warnings).toEqual([
    "SETTING_CHANGED response_format.json_schema.name",
    "SETTING_IGNORED temperature",
    "SETTING_CHANGED max_output_tokens",
  ]);
});

it("asks a model that does not reason for no reasoning", () => {
  const { body, warnings } = render("gpt-4o", { reasoning: { effort: "low" } });
  expect(body).not.toHaveProperty("reasoning");
  expect(body).not.toHaveProperty("include");
  expect(warnings).toEqual(["SETTING_IGNORED reasoning.effort"]);
});

it("is found at Azure with the deployment in the body", () => {
  const at = (more: Record<string, string>) =>
    bodyOf(azureOpenai, "mine", { input: "hi" }, { settings: { ...settings, ...more } });
  expect(at({ resource: "r" })).toMatchObject({ path: "/responses", body: { model: "mine" } });
  expect(at({ resource: "r", apiVersion: "2025-04-01-preview" })).toMatchObject({
    path: "/responses?api-version=2025-04-01-preview",
    body: { model: "mine" },
  });
  // That API has chat completions only.
  expect(at({ endpoint: "https://r.services.ai.azure.com/models" }).path).toMatch(/^\/chat\/completions/);
});

it("is asked by xAI for probabilities and the end user as chat completions are", () => {
  const ask = (request: JsonObject) => bodyOf(xai, "grok-4.3", { input: "hi", ...request }, { settings });
  const { body, warnings } = ask({ topLogprobs: 2, endUserId: "u", reasoning: { effort: "max" } });
  expect(body).toMatchObject({
    logprobs: true,
    top_logprobs: 2,
    user: "u",
    include: ["reasoning.encrypted_content"],
    reasoning: { effort: "high", summary: "auto" },
  });
  expect(body).not.toHaveProperty("safety_identifier");
  expect(warnings).toEqual(["SETTING_CHANGED reasoning.effort"]);
  expect(ask({}).body).not.toHaveProperty("logprobs");
});
