import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { azureOpenai } from "../../src/providers/azure-openai/azure-openai.ts";
import { openrouter } from "../../src/providers/openrouter/openrouter.ts";
import { type OpenProvider, openProvider, type ProviderFacts, type Settings } from "../../src/providers/provider.ts";
import { together } from "../../src/providers/together/together.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";

let upstream: ScriptedUpstream;
let answer = "";
beforeAll(async () => {
  upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, answer);
    }
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());
beforeEach(() => {
  upstream.requests.length = 0;
});

const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
const surroundings = { env: {}, homeDirectory: "", now: () => 0 };
const signal = AbortSignal.timeout(10_000);

async function opened(facts: ProviderFacts, settings: Settings, use: (provider: OpenProvider) => Promise<void>) {
  const own = { id: facts.kind, apiKey: "sk-1", baseUrl: upstream.url, settings, headers: { "x-own": "1" } };
  const limits = { connectionsMax: 1, connectMs: 1000, timeouts, models: new Map(), discover: true, media: undefined };
  const provider = openProvider(facts, { ...own, ...limits }, surroundings);
  try {
    await use(provider);
  } finally {
    await provider.close();
  }
}

test("headers that settings ask for go with the key and the operator's own", async () => {
  await opened(openrouter, { referer: "https://a.example", title: "A" }, async ({ check }) => check?.(signal));
  expect(upstream.requests[0]).toMatchObject({
    path: "/key",
    headers: { authorization: "Bearer sk-1", "http-referer": "https://a.example", "x-title": "A", "x-own": "1" },
  });
});

test("models can be listed elsewhere than health is asked", async () => {
  answer = JSON.stringify({ data: [{ id: "a/b" }, { id: "c/d:free" }] });
  await opened(openrouter, {}, async ({ listModels }) => {
    expect(await listModels?.(signal)).toEqual(["a/b", "c/d:free"]);
  });
  expect(upstream.requests.map(({ path }) => path)).toEqual(["/models"]);
});

test("a list of models can be the whole body", async () => {
  answer = JSON.stringify([{ id: "a" }, { id: "b" }, "c", null]);
  await opened(together, {}, async ({ listModels }) => expect(await listModels?.(signal)).toEqual(["a", "b"]));
  answer = JSON.stringify({ data: [] });
  await opened(together, {}, async ({ listModels }) => {
    await expect(listModels?.(signal)).rejects.toMatchObject({ reason: "PROVIDER_BAD_RESPONSE" });
  });
});

test("where health is asked can follow from the settings", async () => {
  await opened(azureOpenai, { resource: "r", apiVersion: "2024-10-21" }, async ({ check }) => check?.(signal));
  expect(upstream.requests[0]).toMatchObject({
    path: "/models?api-version=2024-10-21",
    headers: { "api-key": "sk-1" },
  });
});
