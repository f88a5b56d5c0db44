import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";

test("the end user and options of the field llmhub reach the provider, beside fields that are left to it", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    const data = [{ object: "embedding", index: 0, embedding: [0.5] }];
    const usage = { prompt_tokens: 1, total_tokens: 1 };
    await connection.respond(200, JSON.stringify({ object: "list", data, model: "m", usage }));
  });
  await using gateway = await TestGateway.start({
    providers: { openai: { apiKey: "sk-test", baseUrl: `${upstream.url}/v1` } },
  });
  const response = await fetch(`${gateway.url}/v1/embeddings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "openai/text-embedding-3-small",
      input: "hi",
      user: "u-1",
      left: 1,
      llmhub: { providerOptions: { openai: { added: 2 } } },
    }),
  });
  expect(response.status).toBe(200);
  expect(JSON.parse(upstream.requests[0]?.body ?? "")).toMatchObject({ user: "u-1", left: 1, added: 2 });
});
