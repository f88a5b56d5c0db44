import { expect, test } from "vitest";
import { crossed } from "./crossed.ts";

const json = { "content-type": "application/json" };

async function warningsOf(url: string, body: object, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify({ max_tokens: 100, messages: [{ role: "user", content: "hi" }], ...body }),
  });
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get("x-llmhub-warnings") ?? "";
}

test("fields that are not the hub's go to providers that speak the caller's API; others say that they do not know them", async () => {
  await using stage = await crossed();
  const chat = `${stage.baseURL}/chat/completions`;
  const messages = `${stage.baseURL}/messages`;
  const verbosity = { verbosity: "low" };
  expect(await warningsOf(chat, { model: "openai/gpt-5", ...verbosity })).toBe("");
  expect(await warningsOf(chat, { model: "anthropic/claude-sonnet-4-5", ...verbosity })).toBe(
    "SETTING_IGNORED verbosity",
  );
  const container = { container: "c_1" };
  expect(await warningsOf(messages, { model: "anthropic/claude-sonnet-4-5", ...container })).toBe("");
  expect(await warningsOf(messages, { model: "openai/gpt-5", ...container }, { "anthropic-beta": "x-1" })).toBe(
    "SETTING_IGNORED container, SETTING_IGNORED anthropic_beta",
  );
});

test("options for several providers are no loss on the hub's own API", async () => {
  await using stage = await crossed();
  const { warnings } = await stage.gateway.complete({
    model: "anthropic/claude-sonnet-4-5",
    input: "hi",
    providerOptions: { openai: { verbosity: "low" } },
  });
  expect(warnings).toEqual([]);
});
