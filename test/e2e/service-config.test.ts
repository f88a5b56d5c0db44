import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { root } from "../support/source.ts";
import { failureOf } from "./failure.ts";
import { GrpcJsClient } from "./grpc-js-client.ts";

interface MethodConfig {
  readonly name: readonly { readonly service?: string; readonly method?: string }[];
  readonly timeout?: string;
  readonly retryPolicy?: object;
}

const serviceConfig = readFileSync(join(root, "examples/grpc-service-config.json"), "utf8");
const { methodConfig }: { readonly methodConfig: readonly MethodConfig[] } = JSON.parse(serviceConfig);
const services = [CompletionService, EmbeddingService, ModelService, RerankService];
const methods: readonly DescMethod[] = services.flatMap((service) => service.methods);

/** The most specific entry holds alone: that of the method, of its service, of all. */
function configOf({ parent, name }: DescMethod): MethodConfig | undefined {
  const named = (service?: string, method?: string) =>
    methodConfig.find((config) => config.name.some((each) => each.service === service && each.method === method));
  return named(parent.typeName, name) ?? named(parent.typeName) ?? named();
}

test("the service config for clients names what there is", () => {
  const known = new Set(methods.flatMap(({ parent, name }) => [parent.typeName, `${parent.typeName}/${name}`]));
  const names = methodConfig.flatMap(({ name }) => name).filter(({ service }) => service !== undefined);
  expect(names.map(({ service, method }) => (method === undefined ? service : `${service}/${method}`))).not.toEqual([]);
  expect(names.filter(({ service, method }) => !known.has(method ? `${service}/${method}` : `${service}`))).toEqual([]);
});

test("it repeats what changes nothing and costs nothing, and puts no time on answers", () => {
  const repeated = methods.filter((method) => configOf(method)?.retryPolicy !== undefined);
  expect(repeated.map(({ name }) => name)).toEqual([
    "CountTokens",
    "ListModels",
    "GetModel",
    "ListProviders",
    "GetProvider",
  ]);
  expect(repeated.filter(({ idempotency }) => idempotency === Level.IDEMPOTENCY_UNKNOWN)).toEqual([]);
  const others = methods.filter((method) => !repeated.includes(method));
  expect(others.filter((method) => configOf(method)?.timeout !== undefined)).toEqual([]);
});

test("@grpc/grpc-js goes by it", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(503, "{}", { "retry-after": "0" });
    }
  });
  const anthropic = { baseUrl: upstream.url, apiKey: "sk" };
  await using gateway = await TestGateway.start({ providers: { anthropic }, health: { breakers: false } });
  using client = new GrpcJsClient(gateway.address, { "grpc.service_config": serviceConfig });
  const request = { model: "anthropic/claude-haiku-4-5", input: "hi" };
  const { complete, countTokens } = CompletionService.method;
  const unavailable = (call: Promise<unknown>) =>
    expect(call.catch((error: unknown) => failureOf(error).code)).resolves.toBe(Code.Unavailable);
  await unavailable(client.unary(complete, request));
  expect(upstream.requests.map(({ path }) => path)).toEqual(["/messages"]);
  await unavailable(client.unary(countTokens, { request }));
  expect(upstream.requests.slice(1).map(({ path }) => path)).toEqual(Array(3).fill("/messages/count_tokens"));
});
