import { expect, it } from "vitest";
import { faultOfOpenrouter } from "../../../src/providers/openrouter/fault.ts";
import { openrouter } from "../../../src/providers/openrouter/openrouter.ts";
import { bodyOf } from "../../support/provider-body.ts";

const model = "anthropic/claude-sonnet-4.5";

it.each([
  [{ effort: "max" }, { effort: "max" }],
  [{ budgetTokens: 2000 }, { max_tokens: 2000 }],
  [{ budgetTokens: 0 }, { effort: "none" }],
  [{ hideText: true }, undefined],
])("asks for reasoning %j as %j", (reasoning, sent) => {
  const { body, warnings } = bodyOf(openrouter, model, { input: "hi", reasoning });
  expect(body["reasoning"]).toEqual(sent);
  expect(body).not.toHaveProperty("reasoning_effort");
  expect(warnings).toEqual([]);
});

it("takes a budget over an effort, with a warning", () => {
  const { body, warnings } = bodyOf(openrouter, model, { input: "hi", reasoning: { effort: "low", budgetTokens: 9 } });
  expect(body["reasoning"]).toEqual({ max_tokens: 9 });
  expect(warnings).toEqual(["SETTING_IGNORED reasoning.effort"]);
});

it("passes routing and top_k on", () => {
  const provider = { order: ["groq"], allow_fallbacks: false };
  const { body } = bodyOf(openrouter, model, { input: "hi", topK: 5, providerOptions: { openrouter: { provider } } });
  expect(body).toMatchObject({ top_k: 5, provider });
});

it("names the operator's application where the settings do", () => {
  expect(openrouter.headers?.({ referer: "https://a.example", title: "A" })).toEqual({
    "http-referer": "https://a.example",
    "x-title": "A",
  });
  expect(openrouter.headers?.({})).toEqual({});
});

/** Bodies after openrouter.ai/docs, "Errors". */
const failure = { provider: "openrouter", model, modelDeclared: false, headers: {} };

it("tells moderation from a wrong key", () => {
  const metadata = { reasons: ["violence", "some words"], flagged_input: "secret", provider_name: "OpenAI" };
  const body = JSON.stringify({ error: { code: 403, message: "flagged", metadata } });
  const error = faultOfOpenrouter({ ...failure, status: 403, body });
  expect([error.reason, error.info["category"]]).toEqual(["PROVIDER_CONTENT_FILTERED", "violence"]);
  expect(JSON.stringify(error.info)).not.toContain("secret");
});

it("names the provider that failed behind it, and an empty account", () => {
  const metadata = { provider_name: "Amazon Bedrock", raw: "secret" };
  const body = JSON.stringify({ error: { code: 502, message: "Provider returned error", metadata } });
  const error = faultOfOpenrouter({ ...failure, status: 502, body });
  expect([error.reason, error.info["upstreamProvider"]]).toEqual(["PROVIDER_UNAVAILABLE", "Amazon-Bedrock"]);
  const unpaid = JSON.stringify({ error: { code: 402, message: "Insufficient credits" } });
  expect(faultOfOpenrouter({ ...failure, status: 402, body: unpaid }).reason).toBe("PROVIDER_QUOTA_EXHAUSTED");
});
