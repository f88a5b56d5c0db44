import { expect, test } from "vitest";
import { Code, connectHub, type HubClient, HubError } from "../../src/client.ts";
import { chat, providerAt, request } from "../e2e/faults/dialects.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { freePort } from "../support/served-gateway.ts";
import { impatient } from "./hub.ts";

/** A client that counts its tries. */
function counting(baseUrl: string, retry: object | false = impatient) {
  const tries = { count: 0 };
  const headers = () => {
    tries.count += 1;
    return {};
  };
  return { tries, hub: connectHub({ baseUrl, headers, retry }) };
}

const failureOf = async (hub: HubClient, model: string, options = {}): Promise<HubError> => {
  const failure = await hub.complete({ model, input: "x" }, options).catch((error) => error);
  expect(failure).toBeInstanceOf(HubError);
  return failure;
};

test("what the gateway says may help is repeated a few times, for calls and for streams", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url);
  // PROVIDER_BAD_RESPONSE, to be repeated at once.
  const garbage = "simulator/gpt:garbage:first-token-0";
  expect(await failureOf(hub, garbage)).toMatchObject({ reason: "PROVIDER_BAD_RESPONSE", retryAfterMs: 0 });
  expect(tries.count).toBe(3);
  await expect(hub.stream({ model: garbage, input: "x" }).final()).rejects.toThrow(HubError);
  expect(tries.count).toBe(6);
  hub.close();
  expect(await gateway.metric("calls_total")).toBe(6);
});

test.each([
  ["a wrong request", "simulator/gpt:400", {}],
  ["a wait that is too long", "simulator/gpt:429:retry-after-60", {}],
  ["a wait beyond the deadline", "simulator/gpt:429:retry-after-20", { timeoutMs: 10_000 }],
])("%s is not repeated", async (_, model, options) => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url);
  await failureOf(hub, model, options);
  hub.close();
  expect(tries.count).toBe(1);
});

test("repeats can be switched off", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url, false);
  await failureOf(hub, "simulator/gpt:garbage");
  hub.close();
  expect(tries.count).toBe(1);
});

test("where no gateway listens a call is tried a few times", async () => {
  const { tries, hub } = counting(`http://127.0.0.1:${await freePort()}`);
  expect(await failureOf(hub, "any")).toMatchObject({ code: Code.Unavailable, reason: "", requestId: "" });
  expect(tries.count).toBe(3);
});

test("a call whose connection breaks is repeated only where that costs nothing", async () => {
  const arrived: (() => void)[] = [];
  const release = Promise.withResolvers<void>();
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    arrived.shift()?.();
    await release.promise;
    await connection.respond(200, chat.whole("Hello"));
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  await using proxy = await FaultProxy.start(Number(gateway.address.split(":")[1]));
  const { tries, hub } = counting(`http://127.0.0.1:${proxy.port}`);
  const cutOnArrival = () => {
    arrived.push(() => {
      proxy.cut();
      proxy.heal();
    });
  };
  cutOnArrival();
  expect(await failureOf(hub, request.model)).toMatchObject({ reason: "" });
  expect(tries.count).toBe(1);
  cutOnArrival();
  const answer = hub.complete(request, { idempotencyKey: "work-1" });
  while (tries.count < 3) await gateway.metrics();
  release.resolve();
  expect((await answer).message?.content[0]?.part.value).toBe("Hello");
  hub.close();
});
