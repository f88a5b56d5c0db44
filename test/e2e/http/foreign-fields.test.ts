import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { messages, providerAt } from "../faults/dialects.ts";
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
  const path = `${stage.baseURL}/messages`;
  const verbosity = { verbosity: "low" };
  expect(await warningsOf(chat, { model: "openai/gpt-5", ...verbosity })).toBe("");
  expect(await warningsOf(chat, { model: "anthropic/claude-sonnet-4-5", ...verbosity })).toBe(
    "SETTING_IGNORED verbosity",
  );
  const container = { container: "c_1" };
  expect(await warningsOf(path, { model: "anthropic/claude-sonnet-4-5", ...container })).toBe("");
  expect(await warningsOf(path, { model: "openai/gpt-5", ...container }, { "anthropic-beta": "x-1" })).toBe(
    "SETTING_IGNORED container, SETTING_IGNORED anthropic_beta",
  );
});

test("streams say it, too, and who answers", async () => {
  await using stage = await crossed();
  for (const [path, fields] of [
    ["/chat/completions", { messages: [{ role: "user", content: "hi" }], verbosity: "low" }],
    ["/responses", { input: "hi", text: { verbosity: "low" } }],
  ] as const) {
    const response = await fetch(stage.baseURL + path, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ model: "anthropic/claude-sonnet-4-5", stream: true, ...fields }),
    });
    await response.text();
    const told = (name: string) => response.headers.get(`x-llmhub-${name}`);
    expect([told("warnings"), told("provider")]).toEqual(["SETTING_IGNORED verbosity", "anthropic"]);
    expect(told("id")).toMatch(/^cmp_/);
  }
  const body = { messages: [{ role: "user", content: "hi" }], max_tokens: 100, container: "c", stream: true };
  expect(await warningsOf(`${stage.baseURL}/messages`, { model: "openai/gpt-5", ...body })).toBe(
    "SETTING_IGNORED container",
  );
});

test("headers tell what all choices of an answer took", async () => {
  await using stage = await crossed();
  const ask = async (n: number) => {
    const response = await fetch(`${stage.baseURL}/chat/completions`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ model: "openai/gpt-5", n, messages: [{ role: "user", content: "hi" }] }),
    });
    const { usage } = (await response.json()) as { usage: { prompt_tokens: number } };
    const told = ["input-tokens", "cost-nanos", "attempts"].map((name) => response.headers.get(`x-llmhub-${name}`));
    expect(told[0]).toBe(String(usage.prompt_tokens));
    return told.map(Number);
  };
  const one = await ask(1);
  const three = await ask(3);
  expect([three[0], three[2]]).toEqual([3 * Number(one[0]), 3]);
  expect(three[1]).toBeGreaterThan(2 * Number(one[1]));
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

test("what a function says besides goes to Anthropic's models, and is told of elsewhere", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, messages.whole("Hello"));
    }
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, "anthropic") });
  const tools = [{ name: "get_time", input_schema: { type: "object" }, defer_loading: true, input_examples: [{}] }];
  expect(await warningsOf(`${gateway.url}/v1/messages`, { model: "up/m", tools })).toBe("");
  expect(JSON.parse(upstream.requests[0]?.body ?? "").tools).toMatchObject([
    { name: "get_time", defer_loading: true, input_examples: [{}] },
  ]);
  await using stage = await crossed();
  expect(await warningsOf(`${stage.baseURL}/messages`, { model: "openai/gpt-5", tools })).toBe(
    "SETTING_IGNORED defer_loading, SETTING_IGNORED input_examples",
  );
});
