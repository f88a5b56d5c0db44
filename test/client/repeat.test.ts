import { expect, test } from "vitest";
import { Code, connectHub, FinishReason, type HubClient, HubError } from "../../src/client.ts";
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

// PROVIDER_BAD_RESPONSE, to be repeated at once.
const garbage = "simulator/gpt:garbage:first-token-0";

test("what the gateway says may help is repeated a few times, where nothing is paid twice", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url);
  const keyed = { idempotencyKey: "work-1" };
  expect(await failureOf(hub, garbage, keyed)).toMatchObject({ reason: "PROVIDER_BAD_RESPONSE", retryAfterMs: 0 });
  expect(tries.count).toBe(3);
  await expect(hub.stream({ model: garbage, input: "x" }, keyed).final()).rejects.toThrow(HubError);
  expect(tries.count).toBe(6);
  await expect(hub.countTokens({ model: "simulator/claude:503:retry-after-0", input: "x" })).rejects.toThrow(HubError);
  expect(tries.count).toBe(9);
  // A provider was called: it may cost.
  await failureOf(hub, garbage);
  expect(tries.count).toBe(10);
  await hub.close();
});

test("what was refused before a provider was called is repeated without a key", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    limits: [{ scope: "ip", concurrent: 1 }],
  });
  const { tries, hub } = counting(gateway.url);
  const holder = hub.stream({ model: "simulator/gpt:first-token-0:pace-1000", input: "Count to 20" });
  const reading = holder[Symbol.asyncIterator]();
  await reading.next();
  const answer = hub.complete({ model: "simulator/gpt:first-token-0:pace-0", input: "x" });
  while ((await gateway.metric("calls_total", { code: "RESOURCE_EXHAUSTED" })) === 0);
  await reading.return?.();
  expect((await answer).finishReason).toBe(FinishReason.STOP);
  // The stream, the refused call, and the one that was let in.
  expect(tries.count).toBeGreaterThanOrEqual(3);
  await hub.close();
});

test.each([
  ["a wrong request", "simulator/gpt:400", {}],
  ["a wait that is too long", "simulator/gpt:429:retry-after-60", { idempotencyKey: "work-1" }],
  ["a wait beyond the deadline", "simulator/gpt:429:retry-after-20", { idempotencyKey: "work-1", timeoutMs: 10_000 }],
])("%s is not repeated", async (_, model, options) => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url);
  await failureOf(hub, model, options);
  await hub.close();
  expect(tries.count).toBe(1);
});

test("repeats can be switched off", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url, false);
  await failureOf(hub, garbage, { idempotencyKey: "work-1" });
  await hub.close();
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
  await hub.close();
});

test("a client that is closed neither repeats nor resumes, and makes no further call", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url, { delayMs: 20_000 });
  const stalled = { model: "simulator/gpt:stall", input: "x" };
  const keyed = failureOf(hub, stalled.model, { idempotencyKey: "work-1" });
  const paused = failureOf(hub, garbage, { idempotencyKey: "work-2" });
  const reading = hub.stream({ model: "simulator/gpt:first-token-0:stall-mid", input: "x" });
  const events = reading[Symbol.asyncIterator]();
  await events.next();
  while ((await gateway.metric("calls_total", { code: "INTERNAL" })) === 0);
  while ((await gateway.metric("calls_in_flight")) < 2);
  await hub.close();
  const read = async () => {
    for await (const _ of { [Symbol.asyncIterator]: () => events });
  };
  for (const ended of [expect(keyed).resolves, expect(paused).resolves, expect(read()).rejects]) {
    await ended.toMatchObject({ code: Code.Canceled, reason: "CANCELLED" });
  }
  expect(tries.count).toBe(3);
  const closed = { code: Code.FailedPrecondition, message: "the client is closed" };
  await expect(hub.complete(stalled)).rejects.toMatchObject(closed);
  await expect(hub.stream(stalled).final()).rejects.toMatchObject(closed);
});

test("a time limit may be longer than timers are, and is a number", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { hub } = counting(gateway.url);
  const quickly = { model: "simulator/gpt:first-token-0:pace-0", input: "x" };
  for (const timeoutMs of [2 ** 40, Number.POSITIVE_INFINITY]) {
    expect((await hub.complete(quickly, { timeoutMs })).finishReason).toBe(FinishReason.STOP);
    expect((await hub.stream(quickly, { timeoutMs }).final()).finishReason).toBe(FinishReason.STOP);
  }
  expect(await failureOf(hub, quickly.model, { timeoutMs: Number.NaN })).toMatchObject({ code: Code.InvalidArgument });
  await hub.close();
});

test("who fails at the headers of an answer is not answered anew", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const { tries, hub } = counting(gateway.url);
  const onHeader = () => {
    throw new RangeError("mine");
  };
  const asked = hub.complete({ model: "simulator/gpt:first-token-0", input: "x" }, { idempotencyKey: "w", onHeader });
  await expect(asked).rejects.toThrow(RangeError);
  expect(tries.count).toBe(1);
  await hub.close();
});
