import { create, toJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ChatMessageSchema, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { EmbeddingService } from "../../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankService } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { cohere } from "../../../src/providers/cohere/cohere.ts";
import { type Simulator, startSimulator } from "../../../src/simulator/server.ts";
import { errorOf, folded } from "../../conformance/replay.ts";
import { TestGateway } from "../../support/gateway.ts";

let simulator: Simulator;
let gateway: TestGateway;
beforeAll(async () => {
  simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret: "right" });
  gateway = await TestGateway.start({
    providers: {
      cohere: { baseUrl: simulator.url, apiKey: "right" },
      refused: { kind: "cohere", baseUrl: simulator.url, apiKey: "wrong" },
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

const parametersJson = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}';
const tools = [
  {
    kind: {
      case: "function" as const,
      value: { name: "get_weather", inputSchema: { case: "parametersJson" as const, value: parametersJson } },
    },
  },
];

test("a model that no provider is named for answers, streamed as whole", async () => {
  const request = { model: "command-a", input: "What is the weather in Paris?", tools, reasoning: { effort: "low" } };
  const kinds = ["reasoning", "reasoning", "toolCall"];
  const whole = await gateway.complete(request);
  expect(whole.message?.content.map(({ part }) => part.case)).toEqual(kinds);
  const { events } = await gateway.stream(request);
  expect(folded(events).message?.content.map(({ part }) => part.case)).toEqual(kinds);
});

test("an answer goes back as it came, with the plan and the results of the tools", async () => {
  const first = await gateway.complete({ model: "cohere/command", input: "What is the weather in Paris?", tools });
  const call = first.message?.content.find(({ part }) => part.case === "toolCall")?.part;
  const toolCallId = call?.case === "toolCall" ? call.value.id : "";
  const result = { toolCallId, content: [{ part: { case: "json" as const, value: '{"sky":"clear"}' } }] };
  const messages = [
    create(ChatMessageSchema, { text: "What is the weather in Paris?" }),
    ...(first.message === undefined ? [] : [first.message]),
    create(ChatMessageSchema, { role: Role.TOOL, content: [{ part: { case: "toolResult", value: result } }] }),
  ];
  const second = await gateway.complete({ model: "cohere/command", messages, tools });
  expect(second.warnings).toEqual([]);
  expect(JSON.stringify(toJson(CompleteResponseSchema, second))).toContain("clear");
});

test("more texts than one request takes come in order", async () => {
  const client = createClient(EmbeddingService, gateway.transport);
  const inputs = Array.from({ length: 100 }, (_, at) => `text ${at}`);
  const all = await client.embed({ model: "embed-v4.0", inputs });
  const last = await client.embed({ model: "embed-v4.0", inputs: inputs.slice(-1) });
  expect(all.vectors).toHaveLength(100);
  expect(all.vectors.at(-1)).toEqual(last.vectors[0]);
});

test("documents are ordered, and what is billed is told", async () => {
  const client = createClient(RerankService, gateway.transport);
  const { results, usage } = await client.rerank({
    model: "rerank-v3.5",
    query: "ruby",
    documents: ["snake", "a ruby"],
  });
  expect(results.map(({ index }) => index)).toEqual([1, 0]);
  expect(usage?.searchUnits).toBe(1);
});

test("a wrong key is the gateway's matter", async () => {
  expect(errorOf(await gateway.failure({ model: "refused/command", input: "hi" }))).toMatchObject({
    reason: "PROVIDER_CREDENTIAL_INVALID",
  });
});

test("its list of models is read", () => {
  const body = { models: [{ name: "command-a-03-2025", endpoints: ["chat"] }, { name: "embed-v4.0" }] };
  expect(cohere.modelNames?.(JSON.stringify(body))).toEqual(["command-a-03-2025", "embed-v4.0"]);
});
