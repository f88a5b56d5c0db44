import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.ts";
import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import type { TestGateway } from "../../support/gateway.ts";
import { request } from "./dialects.ts";
import { type Behaviour, behaving, well } from "./target-health.ts";

const often = { trialAfter: "10m", checks: { enabled: true, interval: "100ms", timeout: "2s" } };
const models: Behaviour = { status: 200, body: JSON.stringify({ data: [] }) };

/** States of the service that needs providers, as a load balancer sees them. */
function watchedBy(gateway: TestGateway) {
  const states = createClient(Health, gateway.transport).watch({ service: CompletionService.typeName });
  const iterator = states[Symbol.asyncIterator]();
  return { next: async () => ((await iterator.next()).value as { status: Status } | undefined)?.status };
}

const whole = async (gateway: TestGateway) => {
  const { status } = await createClient(Health, gateway.transport).check({ service: "" });
  return status;
};

test("checks take a provider out that cannot be reached, and bring it back, without a call", async () => {
  await using at = await behaving(models, often);
  const states = watchedBy(at.gateway);
  expect(await states.next()).toBe(Status.SERVING);
  at.now.behaviour = (connection) => connection.reset();
  for (const { socket } of at.upstream.connections) socket.destroy();
  expect(await states.next()).toBe(Status.NOT_SERVING);
  expect(await at.state("endpoint")).toBe(2);
  expect(await whole(at.gateway)).toBe(Status.SERVING);
  at.now.behaviour = models;
  expect(await states.next()).toBe(Status.SERVING);
  expect(await at.state("endpoint")).toBe(0);
  const checks = (outcome: string) => at.gateway.metric("health_checks_total", { provider: "up", outcome });
  expect(await checks("ok")).toBeGreaterThan(0);
  expect(await checks("provider_unavailable")).toBeGreaterThanOrEqual(2);
});

test("a credential that calls found bad comes back by a check", async () => {
  await using at = await behaving({ status: 401, body: "{}" }, often);
  const states = watchedBy(at.gateway);
  let state = await states.next();
  if (state === Status.SERVING) state = await states.next();
  expect(state).toBe(Status.NOT_SERVING);
  expect(await at.state("credential")).toBe(2);
  at.now.behaviour = well;
  expect(await states.next()).toBe(Status.SERVING);
  await at.gateway.complete(request);
});

test("without checks, services stay open however many providers are out: only calls can find out more", async () => {
  await using at = await behaving((connection) => connection.reset());
  await at.failures(5);
  expect(await at.state("endpoint")).toBe(2);
  expect(await watchedBy(at.gateway).next()).toBe(Status.SERVING);
  expect(await at.gateway.metric("health_checks_total")).toBe(0);
});
