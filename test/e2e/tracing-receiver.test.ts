// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment look like this
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test, vi } from "vitest";
import { TestGateway } from "../support/gateway.ts";
import { well } from "./scripted-providers.ts";
import { TracingStage } from "./tracing-stage.ts";

const asked = { model: "a/m", input: "Say hello" };

test("spans are sent while the gateway runs, with the headers that the operator gives, and counted", async () => {
  const tracing = {
    interval: "1ms",
    headers: { authorization: "${TOKEN}" },
    serviceName: "edge",
    attributes: { zone: "b" },
  };
  await using at = await TracingStage.start({ a: well }, { tracing, env: { TOKEN: "Bearer abc" } });
  await at.gateway.complete(asked);
  await at.receiver.until(({ spans }) => spans.length === 2);
  expect(at.receiver.requests[0]).toMatchObject({ authorization: "Bearer abc" });
  expect(at.receiver.spans[0]?.resource).toMatchObject({
    "service.name": "edge",
    "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    zone: "b",
  });
  while ((await at.gateway.metric("spans_total", { outcome: "sent" })) !== 2);
});

test("what OpenTelemetry's variables say is enough", async () => {
  await using at = await TracingStage.start({ a: well });
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: at.receiver.url,
    OTEL_SERVICE_NAME: "from-env",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,team=a%20b",
  };
  await using gateway = await TestGateway.start({ providers: { simulator: {} }, env });
  await gateway.complete({ model: "simulator/gpt", input: "hi" });
  await gateway.drain();
  expect(at.receiver.spans[0]?.resource).toMatchObject({
    "service.name": "from-env",
    "deployment.environment.name": "test",
    team: "a b",
  });
});

test("headers of the environment go to no endpoint but the environment's", async () => {
  const foreign = {
    OTEL_EXPORTER_OTLP_HEADERS: "x-vendor=token",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://vendor.invalid",
  };
  for (const [name, value] of Object.entries(foreign)) vi.stubEnv(name, value);
  await using at = await TracingStage.start({ a: well }, { tracing: { interval: "1ms" }, env: foreign });
  vi.unstubAllEnvs();
  await at.gateway.complete(asked);
  await at.receiver.until(({ spans }) => spans.length === 2);
  expect(at.receiver.requests[0]).not.toHaveProperty("x-vendor");
});

test("a receiver that refuses costs calls nothing, and what it refused is counted", async () => {
  await using at = await TracingStage.start({ a: well }, { status: 400, tracing: { interval: "1ms" } });
  await at.gateway.complete(asked);
  while ((await at.gateway.metric("spans_total", { outcome: "failed" })) !== 2);
  await at.gateway.complete(asked);
});

test("one that never answers holds up neither calls nor, beyond its bound, the end; what has no room is counted", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using at = await TracingStage.start(
    { a: well },
    { tracing: { endpoint, queueMax: 2, batchMax: 1, timeout: "1h" } },
  );
  // One span is on its way, two wait, one is dropped.
  await at.gateway.complete(asked);
  await at.gateway.complete(asked);
  while ((await at.gateway.metric("spans_total", { outcome: "dropped" })) !== 1);
  await at.gateway.drain();
  silent.closeAllConnections();
  silent.close();
});
