import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, within } from "../../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";

test("calls that end while they wait for a connection never reach the provider", async () => {
  const asked = Promise.withResolvers<void>();
  const proceed = Promise.withResolvers<void>();
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      asked.resolve();
      await proceed.promise;
      await connection.respond(200, chat.whole("hello"));
    }
  });
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind, { connectionsMax: 1 }),
  });
  const first = gateway.complete(request);
  await asked.promise;
  // Told in a header, so that only the gateway keeps the time: a client's own timer might be quicker.
  const headers = { "x-llmhub-timeout-ms": "1000" };
  const waiting = Array.from({ length: 20 }, () => gateway.failure(request, { headers }));
  for (const error of await Promise.all(waiting)) {
    expect(faultOf(error)).toMatchObject({ reason: "DEADLINE_EXCEEDED", usage: "none" });
  }
  const last = gateway.complete(request);
  proceed.resolve();
  const texts = (await Promise.all([first, last])).map(({ message }) => message?.content[0]?.part.value);
  expect(texts).toEqual(["hello", "hello"]);
  expect([upstream.requests.length, upstream.connections.length]).toEqual([2, 1]);
});

test("a connection that stays taken is the gateway's own overload, not the provider's delay", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
  });
  const timeouts = { firstOutput: "1s", total: "1s" };
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind, { connectionsMax: 1, timeouts }),
  });
  const first = gateway.failure(request);
  const routing = { attemptTimeout: { nanos: 100_000_000 } };
  expect(faultOf(await gateway.failure({ ...request, routing }))).toMatchObject({
    reason: "GATEWAY_OVERLOADED",
    cause: "connections",
    usage: "none",
  });
  expect(faultOf(await first)).toMatchObject({ reason: "PROVIDER_TIMEOUT" });
  expect(upstream.requests.length).toBe(1);
});

test.each(["breaks", "stalls"])("the status of a refusal counts although its body %s", async (how) => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(429, { "retry-after": "7", "content-length": "1000" });
    await connection.write('{"error":');
    if (how === "breaks") connection.reset();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  const error = await within(gateway.failure(request), 5000);
  expect(faultOf(error)).toMatchObject({ reason: "PROVIDER_RATE_LIMITED", usage: "none" });
  expect(error?.metadata.get("retry-after")).toBe("7");
  expect(upstream.requests.length).toBe(1);
});
