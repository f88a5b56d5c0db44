import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { healthService } from "../../src/services/health.ts";
import { Readiness } from "../../src/services/readiness.ts";

const service = "llmhub.v1.ModelService";

const needy = "llmhub.v1.CompletionService";

function start() {
  const readiness = new Readiness();
  const reach = new Readiness();
  reach.set(true);
  const health = healthService(readiness, [service, needy], { reach, services: [needy] });
  const transport = createRouterTransport((routes) => routes.service(Health, health));
  return { readiness, reach, client: createClient(Health, transport) };
}

async function statusOf(iterator: AsyncIterator<{ status: Status }>): Promise<Status | undefined> {
  const { done, value } = await iterator.next();
  return done ? undefined : value.status;
}

describe("Check", () => {
  test.each(["", service])("%j follows the readiness", async (name) => {
    const { readiness, client } = start();
    expect((await client.check({ service: name })).status).toBe(Status.NOT_SERVING);
    readiness.set(true);
    expect((await client.check({ service: name })).status).toBe(Status.SERVING);
    readiness.set(false);
    expect((await client.check({ service: name })).status).toBe(Status.NOT_SERVING);
  });

  test("does not know other services", async () => {
    const { client } = start();
    await expect(client.check({ service: "nobody" })).rejects.toMatchObject({ code: Code.NotFound });
  });
});

test("List names everything that Check knows", async () => {
  const { readiness, client } = start();
  readiness.set(true);
  expect((await client.list({})).statuses).toMatchObject({
    "": { status: Status.SERVING },
    [service]: { status: Status.SERVING },
  });
});

test("a service that needs providers follows their reach, too; the others do not", async () => {
  const { readiness, reach, client } = start();
  readiness.set(true);
  const watch = client.watch({ service: needy })[Symbol.asyncIterator]();
  expect(await statusOf(watch)).toBe(Status.SERVING);
  reach.set(false);
  expect(await statusOf(watch)).toBe(Status.NOT_SERVING);
  expect((await client.list({})).statuses).toMatchObject({
    "": { status: Status.SERVING },
    [service]: { status: Status.SERVING },
    [needy]: { status: Status.NOT_SERVING },
  });
  reach.set(true);
  expect(await statusOf(watch)).toBe(Status.SERVING);
  await watch.return?.();
});

describe("Watch", () => {
  test("sends the state now, and each change", async () => {
    const { readiness, client } = start();
    const watch = client.watch({ service })[Symbol.asyncIterator]();
    expect(await statusOf(watch)).toBe(Status.NOT_SERVING);
    readiness.set(true);
    expect(await statusOf(watch)).toBe(Status.SERVING);
    const next = statusOf(watch);
    readiness.set(true);
    readiness.set(false);
    expect(await next).toBe(Status.NOT_SERVING);
  });

  test.each([service, "nobody"])("of %s ends when the caller leaves", async (name) => {
    const { client } = start();
    const leave = new AbortController();
    const watch = client.watch({ service: name }, { signal: leave.signal })[Symbol.asyncIterator]();
    await watch.next();
    const next = watch.next();
    leave.abort();
    await expect(next).rejects.toMatchObject({ code: Code.Canceled });
  });

  test("says SERVICE_UNKNOWN of other services and stays open", async () => {
    const { readiness } = start();
    const leave = new AbortController();
    const states = watchOf(readiness, "nobody", leave.signal);
    expect(await statusOf(states)).toBe(Status.SERVICE_UNKNOWN);
    const next = states.next();
    readiness.set(true);
    leave.abort(new Error("left"));
    await expect(next).rejects.toThrow("left");
  });

  test("a reader that lags gets the newest state only", async () => {
    const { readiness } = start();
    const states = watchOf(readiness, service, new AbortController().signal);
    expect(await statusOf(states)).toBe(Status.NOT_SERVING);
    readiness.set(true);
    readiness.set(false);
    readiness.set(true);
    expect(await statusOf(states)).toBe(Status.SERVING);
    readiness.set(false);
    expect(await statusOf(states)).toBe(Status.NOT_SERVING);
  });

  test("frees its place however it ends, and refuses when all are taken", async () => {
    const { readiness } = start();
    for (let round = 0; round < 3; round++) {
      const leave = new AbortController();
      const watches = Array.from({ length: 1024 }, () => watchOf(readiness, service, leave.signal));
      await Promise.all(watches.map((watch) => watch.next()));
      const refused = watchOf(readiness, service, leave.signal).next();
      await expect(refused).rejects.toMatchObject({ reason: "GATEWAY_OVERLOADED" });
      leave.abort(new Error("left"));
    }
    const last = watchOf(readiness, service, new AbortController().signal);
    expect(await statusOf(last)).toBe(Status.NOT_SERVING);
  });
});

function watchOf(readiness: Readiness, name: string, signal: AbortSignal): AsyncIterator<{ status: Status }> {
  const context = { signal } as Parameters<ReturnType<typeof healthService>["watch"]>[1];
  const request = { $typeName: "grpc.health.v1.HealthCheckRequest", service: name } as const;
  const states = healthService(readiness, [service]).watch(request, context);
  return (states as AsyncIterable<{ status: Status }>)[Symbol.asyncIterator]();
}
