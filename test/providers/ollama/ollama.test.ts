import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EmbeddingService } from "../../../gen/llmhub/v1/embedding_service_pb.ts";
import { ollama } from "../../../src/providers/ollama/ollama.ts";
import { type Simulator, startSimulator } from "../../../src/simulator/server.ts";
import { folded } from "../../conformance/replay.ts";
import { TestGateway } from "../../support/gateway.ts";

let simulator: Simulator;
let gateway: TestGateway;
beforeAll(async () => {
  simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0 });
  // As people write it, without a scheme; and without a key.
  const host = simulator.url.replace("http://127.0.0.1", "0.0.0.0");
  gateway = await TestGateway.start({ providers: { ollama: { settings: { host } } } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

test.each(["llama3", "ollama-mistral", "ollama/qwen3:8b"])("%s answers, streamed as whole", async (model) => {
  const request = { model, input: "count to 3", reasoning: { effort: "low" } };
  const said = (parts: readonly { part: { case?: string | undefined } }[] = []) => parts.map(({ part }) => part.case);
  expect(said((await gateway.complete(request)).message?.content)).toEqual(["reasoning", "text"]);
  const { events } = await gateway.stream(request);
  expect(said(folded(events).message?.content)).toEqual(["reasoning", "text"]);
  const { routing } = folded(events);
  expect(routing?.upstreamModel).toBe(model.replace(/^ollama[-/]/, ""));
});

test("texts become vectors", async () => {
  const client = createClient(EmbeddingService, gateway.transport);
  const { vectors, dimensions } = await client.embed({
    model: "ollama/nomic-embed-text",
    inputs: ["a", "b"],
    dimensions: 3,
  });
  expect([vectors.length, dimensions]).toEqual([2, 3]);
});

test("the models that it has are read", () => {
  const body = { models: [{ name: "llama3.2:latest", size: 1 }, { name: "qwen3:8b" }] };
  expect(ollama.modelNames?.(JSON.stringify(body))).toEqual(["llama3.2:latest", "qwen3:8b"]);
});
