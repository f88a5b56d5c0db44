import { expect, test } from "vitest";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";

test("try", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk('data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n', 'data: {"choices":[{"delta":{"content":"lo"},"finish_reason":"stop"}]}\n\n', "data: [DONE]\n\n");
      await connection.lastChunk();
    }
  });
  await using gateway = await TestGateway.start({ providers: { up: { kind: "openai-compatible", baseUrl: `${upstream.url}/v1` } } });
  const streamed = await gateway.stream({ model: "up/m", input: "hi" });
  expect(streamed.error).toBeUndefined();
  expect(textOf(streamed)).toBe("Hello");
  expect((await gateway.stream({ model: "up/m", input: "hi" })).error).toBeUndefined();
  expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(2);
  expect(upstream.connections.length).toBe(1);
  expect(upstream.requests.length).toBe(2);
});
