import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { SystemService } from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import type { TestGateway } from "../support/gateway.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { ask, by, keyNamed, type Play, stage, tellNumber } from "./cache-stage.ts";
import { faultOf } from "./faults/fault.ts";

const { HIT, MISS } = CacheStatus;
const ops = { ...keyNamed("ops"), scopes: ["admin"] };
const keys = [keyNamed("a", "acme"), keyNamed("b", "acme"), keyNamed("c"), ops];
const auth = { mode: "keys", keys };

const system = ({ transport }: TestGateway) => createClient(SystemService, transport);
/** All that a caller can speak, beside gRPC. */
const transportsTo = (baseUrl: string) => [
  createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  createConnectTransport({ baseUrl, httpVersion: "2" }),
];
const status = async (gateway: TestGateway, id: string, over: object = {}) =>
  (await gateway.complete({ ...ask, ...over }, by(id))).routing?.cacheStatus;
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable("it was answered"),
    (error) => faultOf(ConnectError.from(error)),
  );

test("an operator drops the answers of a tenant, of a key, of a model, or all", async () => {
  await using at = await stage();
  const gateway = await at.gateway({ auth });
  const flush = async (scope: object) => (await system(gateway).flushCache(scope, by("ops"))).removed;
  const other = { model: "up/m-2" };
  const fill = async () => {
    const made: unknown[] = [];
    for (const id of ["a", "b", "c"]) made.push(await status(gateway, id), await status(gateway, id, other));
    return made.map((each) => (each === HIT ? 1 : 0)).join("");
  };
  expect(await fill()).toBe("000000");
  expect(await fill()).toBe("111111");
  expect(await flush({ apiKey: "apiKeys/a" })).toBe(2n);
  expect(await fill()).toBe("001111");
  expect(await flush({ tenant: "tenants/acme", model: "up/m-2" })).toBe(2n);
  expect(await fill()).toBe("101011");
  expect(await flush({ caches: ["responses"] })).toBe(6n);
  expect(await fill()).toBe("000000");
  expect(await flush({ tenant: "tenants/nobody" })).toBe(0n);
});

test("what is on its way when answers are dropped is given, and not kept", async () => {
  const gate = Promise.withResolvers<void>();
  const held: Play = async (...play) => {
    await gate.promise;
    await tellNumber(...play);
  };
  await using at = await stage(held);
  const gateway = await at.gateway({ auth });
  const first = gateway.complete(ask, by("a"));
  while (at.upstream.requests.length < 1) await new Promise(setImmediate);
  await system(gateway).flushCache({}, by("ops"));
  const second = gateway.complete(ask, by("a"));
  while (at.upstream.requests.length < 2) await new Promise(setImmediate);
  gate.resolve();
  expect((await first).message?.content[0]?.part.value).toBe("answer 1");
  expect((await second).message?.content[0]?.part.value).toBe("answer 2");
  const { message, routing } = await gateway.complete(ask, by("a"));
  expect([message?.content[0]?.part.value, routing?.cacheStatus]).toEqual(["answer 2", HIT]);
});

test("what the cache holds, and what came of it", async () => {
  await using at = await stage();
  const gateway = await at.gateway({ auth });
  for (let i = 0; i < 3; i++) await gateway.complete(ask, by("a"));
  const { caches, components, inFlightRequests } = await system(gateway).getDiagnostics({}, by("ops"));
  expect(caches).toMatchObject([
    { cache: "responses", driver: "memory", entries: 1n, hits: 2n, misses: 1n, evictions: 0n },
  ]);
  expect(caches[0]?.bytes).toBeGreaterThan(0n);
  expect([components, inFlightRequests]).toEqual([[], 1]);
});

test("where the cache is off there is nothing to tell and to drop", async () => {
  await using at = await stage();
  const gateway = await at.gateway({ auth, cache: {} });
  expect((await system(gateway).getDiagnostics({}, by("ops"))).caches).toEqual([]);
  expect((await system(gateway).flushCache({}, by("ops"))).removed).toBe(0n);
});

test("nobody else may, and what is no request is refused", async () => {
  await using at = await stage();
  const gateway = await at.gateway({ auth });
  expect(await refusal(system(gateway).flushCache({}, by("a")))).toMatchObject({
    code: "PermissionDenied",
    reason: "PERMISSION_DENIED",
  });
  expect((await refusal(system(gateway).getDiagnostics({}))).reason).toBe("CREDENTIALS_MISSING");
  const unknown = await refusal(system(gateway).flushCache({ caches: ["everything"] }, by("ops")));
  expect(unknown.reason).toBe("INVALID_REQUEST");
  for (const transport of transportsTo(gateway.url)) {
    const client = createClient(SystemService, transport);
    expect((await refusal(client.flushCache({}, by("a")))).reason).toBe("PERMISSION_DENIED");
    expect((await refusal(client.getDiagnostics({}))).reason).toBe("CREDENTIALS_MISSING");
  }
  const health = await createClient(Health, gateway.transport).check({ service: SystemService.typeName });
  expect(health.status).toBe(HealthCheckResponse_ServingStatus.SERVING);
});

test("without authentication nobody may, unless the configuration lets everyone on this machine", async () => {
  await using at = await stage();
  const shut = await at.gateway();
  expect((await refusal(system(shut).flushCache({}))).reason).toBe("PERMISSION_DENIED");
  const open = await at.gateway({ auth: { mode: "off", adminWithoutKey: true } });
  expect((await system(open).flushCache({})).removed).toBe(0n);
  await expect(at.gateway({ auth: { ...auth, adminWithoutKey: true } })).rejects.toThrow(/auth\.adminWithoutKey/);
});

testWithRedis("with Redis that is said and done for all replicas", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  const config = { auth, redis: { url: redis.url, opTimeout: "2s" }, cache: { enabled: true, driver: "redis" } };
  const [one, two] = [await at.gateway(config), await at.gateway(config)];
  expect([await status(one, "a"), await status(two, "a"), await status(two, "c")]).toEqual([MISS, HIT, MISS]);
  await two.drain();
  const { caches, components } = await system(one).getDiagnostics({}, by("ops"));
  expect(caches).toMatchObject([{ driver: "redis", entries: 2n, hits: 1n, misses: 2n }]);
  expect(Object.keys(caches[0] ?? {})).not.toContain("evictions");
  expect(components).toMatchObject([{ component: "redis", healthy: true }]);
  const three = await at.gateway(config);
  expect((await system(three).flushCache({ tenant: "tenants/acme" }, by("ops"))).removed).toBe(1n);
  expect([await status(one, "a"), await status(one, "c")]).toEqual([MISS, HIT]);
  expect((await system(three).flushCache({}, by("ops"))).removed).toBe(2n);
  expect([await status(one, "a"), await status(one, "c")]).toEqual([MISS, MISS]);
});

testWithRedis("what is on its way at another replica when all is dropped is not kept there either", async () => {
  const gate = Promise.withResolvers<void>();
  const held: Play = async (connection, request, number) => {
    if (number === 1) await gate.promise;
    await tellNumber(connection, request, number);
  };
  await using redis = await RedisServer.start();
  await using at = await stage(held);
  const config = { auth, redis: { url: redis.url, opTimeout: "2s" }, cache: { enabled: true, driver: "redis" } };
  const [one, two] = [await at.gateway(config), await at.gateway(config)];
  const first = status(two, "a");
  while (at.upstream.requests.length < 1) await new Promise(setImmediate);
  await system(one).flushCache({}, by("ops"));
  // By this one the other replica hears of it.
  expect(await status(two, "b")).toBe(MISS);
  gate.resolve();
  expect(await first).toBe(MISS);
  expect([await status(two, "a"), await status(two, "b")]).toEqual([MISS, HIT]);
});

testWithRedis("what cannot be dropped for certain is an error, and diagnostics go on without", async () => {
  await using redis = await RedisServer.start();
  await using at = await stage();
  const gateway = await at.gateway({
    auth,
    redis: { url: redis.url, opTimeout: "2s" },
    cache: { enabled: true, driver: "redis" },
  });
  await status(gateway, "a");
  await redis.kill();
  const error = await system(gateway).flushCache({}, by("ops")).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.Unavailable });
  const { caches, components } = await system(gateway).getDiagnostics({}, by("ops"));
  expect(caches).toMatchObject([{ misses: 1n }]);
  expect(Object.keys(caches[0] ?? {})).not.toContain("entries");
  expect(components).toMatchObject([{ component: "redis", healthy: false, required: false }]);
});
