import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { SystemService } from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { type CompleteResponse, FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { msOf } from "../../src/model/duration.ts";
import { folded, normal } from "../conformance/replay.ts";
import { TestGateway } from "../support/gateway.ts";
import { callers } from "./callers.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import { GrpcJsClient } from "./grpc-js-client.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ providers: { simulator: {} } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const fast = { model: "simulator/gpt:pace-0:first-token-0", input: "Say something about Grüße and 👋." };
/** Each with a model of its own: one that is rate limited is left alone for a while. */
const limited = () => ({ model: `simulator/gpt-${models++}:429:retry-after-2`, input: "hi" });
let models = 0;
const broken = { model: "simulator/claude:reset-mid:pace-0:first-token-0", input: "Tell me a story." };

function answered(outcome: CompleteResponse | Failure): CompleteResponse {
  if ("code" in outcome) throw new Error(`the call failed: ${outcome.message}`);
  return outcome;
}

describe.each(Object.entries(callers))("%s", (_, callerOf) => {
  test("gets a whole answer", async () => {
    const response = answered(await callerOf(gateway.address).complete(fast));
    expect(response).toMatchObject({
      id: expect.stringMatching(/^cmp_/),
      finishReason: FinishReason.STOP,
      usage: { source: UsageSource.PROVIDER },
      routing: { requestedModel: fast.model, provider: "simulator", attemptCount: 1 },
    });
    expect(normal(response)).toEqual(normal(await gateway.complete(fast)));
  });

  test("gets a stream with the same sum, in order, numbered without gaps", async () => {
    const { events, failure } = await callerOf(gateway.address).stream(fast);
    expect(failure).toBeUndefined();
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
    expect(events[0]?.event.case).toBe("started");
    expect(events.at(-1)?.event.case).toBe("finished");
    expect(events.length).toBeGreaterThan(5);
    expect(normal(folded(events))).toEqual(normal(await gateway.complete(fast)));
  });

  test("learns why a call failed, when to repeat it and what was tried", async () => {
    const caller = callerOf(gateway.address);
    const streamed = await caller.stream(limited());
    for (const failure of [await caller.complete(limited()), streamed.failure]) {
      expect(failure).toMatchObject({
        code: Code.ResourceExhausted,
        message: expect.stringMatching(/./),
        info: { reason: "PROVIDER_RATE_LIMITED", domain: "llmhub", metadata: { upstreamStatus: "429" } },
        tried: {
          id: expect.stringMatching(/^cmp_/),
          outputStarted: false,
          attempts: [
            { number: 1, provider: "simulator", outcome: AttemptOutcome.FAILED, errorReason: "PROVIDER_RATE_LIMITED" },
          ],
        },
      });
      // What is left of the two seconds by the time that the caller is told.
      if (failure === undefined || !("retry" in failure)) throw new Error("it was answered");
      const toldMs = msOf(failure.retry?.retryDelay) ?? 0;
      expect(toldMs).toBeLessThanOrEqual(2000);
      expect(toldMs).toBeGreaterThan(0);
    }
    expect(streamed.events).toEqual([]);
  });

  test("keeps what came before a stream broke, and learns what it cost", async () => {
    const { events, failure } = await callerOf(gateway.address).stream(broken);
    const cases = events.map(({ event }) => event.case);
    expect(cases.slice(0, 2)).toEqual(["started", "usage"]);
    expect(cases).toContain("partDelta");
    expect(cases.at(-1)).toBe("usage");
    expect(cases).not.toContain("finished");
    expect(failure).toMatchObject({
      code: Code.Unavailable,
      info: { reason: "STREAM_INTERRUPTED", metadata: { cause: "reset" } },
      retry: undefined,
      tried: { outputStarted: true, usage: { source: UsageSource.ESTIMATED } },
    });
  });
});

describe("@grpc/grpc-js beside completions", () => {
  test("counts tokens", async () => {
    using client = new GrpcJsClient(gateway.address);
    const { countTokens } = CompletionService.method;
    expect(await client.unary(countTokens, { request: { model: "simulator/claude", input: "hello" } })).toMatchObject({
      model: "simulator/claude",
      contextWindow: expect.any(Number),
      usage: { inputTokens: expect.any(Number), source: UsageSource.PROVIDER },
    });
    const failure = failureOf(await client.unary(countTokens, {}).catch((error: unknown) => error));
    expect([failure.code, failure.info?.reason]).toEqual([Code.InvalidArgument, "INVALID_REQUEST"]);
  });

  test("lists models and asks for one", async () => {
    using client = new GrpcJsClient(gateway.address);
    const { listModels, getModel } = ModelService.method;
    const { models } = await client.unary(listModels, {});
    const [first] = models;
    expect(first?.name).toMatch(/^providers\/simulator\/models\//);
    const { model } = await client.unary(getModel, { name: first?.name ?? "" });
    expect([model?.name, model?.selector]).toEqual([first?.name, first?.selector]);
  });

  test("sees health", async () => {
    using client = new GrpcJsClient(gateway.address);
    for (const service of ["", CompletionService.typeName]) {
      expect((await client.unary(Health.method.check, { service })).status).toBe(Status.SERVING);
    }
    const failure = failureOf(
      await client.unary(Health.method.check, { service: "x" }).catch((error: unknown) => error),
    );
    expect(failure.code).toBe(Code.NotFound);
  });

  const asked = { messageRequest: { case: "listServices", value: "*" } } as const;
  test.each([
    ["v1", (client: GrpcJsClient) => client.firstOf(ServerReflection.method.serverReflectionInfo, asked)],
    ["v1alpha", (client: GrpcJsClient) => client.firstOf(ServerReflectionAlpha.method.serverReflectionInfo, asked)],
  ] as const)("finds the services by reflection %s", async (_, reflect) => {
    using client = new GrpcJsClient(gateway.address);
    const { messageResponse } = await reflect(client);
    if (messageResponse.case !== "listServicesResponse") throw new Error("another answer");
    const names = messageResponse.value.service.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([CompletionService, ModelService, SystemService, Health].map(({ typeName }) => typeName)),
    );
  });
});
