import { type ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { TestGateway, textOf } from "../support/gateway.ts";
import { events, post } from "./client.ts";

const secret = "sim-azure";
const version = "api-version=2024-10-21";
const hello = { messages: [{ role: "user", content: "count to 3" }] };
let simulator: Simulator;
let gateway: TestGateway;

beforeAll(async () => {
  simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret });
  const entry = { kind: "azure-openai", baseUrl: `${simulator.url}/openai`, settings: { apiVersion: "2024-10-21" } };
  const models = { mine: { baseModel: "gpt-4o-mini" }, vectors: { baseModel: "text-embedding-3-small" } };
  gateway = await TestGateway.start({
    providers: { azure: { ...entry, apiKey: secret, models }, locked: { ...entry, apiKey: "another" } },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

const send = (path: string, headers: Record<string, string>, body: object = hello) =>
  post(simulator, `/openai/deployments/${path}`, body, headers);

test("a deployment is named in the path, and asked with the key in a header of its own", async () => {
  const { status, text } = await send(`mine/chat/completions?${version}`, { "api-key": secret });
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    model: "mine",
    choices: [{ message: { content: "1, 2, 3." } }],
    prompt_filter_results: [{ prompt_index: 0 }],
  });
});

test("a stream begins with what the filter says, without a choice", async () => {
  const { text } = await send(`mine/chat/completions?${version}`, { "api-key": secret }, { ...hello, stream: true });
  expect(events(text)[0]).toMatchObject({ choices: [], prompt_filter_results: [{}] });
  expect(text).toMatch(/data: \[DONE\]\n\n$/);
});

test.each([
  ["a wrong key", `mine/chat/completions?${version}`, { "api-key": "another" }, 401, "401"],
  ["no key", `mine/chat/completions?${version}`, {}, 401, "401"],
  ["a wrong token", `mine/chat/completions?${version}`, { authorization: "Bearer x" }, 401, "401"],
  ["an unknown deployment", `mine:404/chat/completions?${version}`, { "api-key": secret }, 404, "DeploymentNotFound"],
  ["no version", "mine/chat/completions", { "api-key": secret }, 400, null],
])("%s is refused in Azure's words", async (_, path, headers, status, code) => {
  const reading = await send(path, headers);
  expect(reading.status).toBe(status);
  expect(JSON.parse(reading.text)).toMatchObject({ error: { code } });
});

test("the gateway speaks with it, streamed and whole", async () => {
  expect(textOf(await gateway.stream({ model: "azure/mine", input: "count to 3" }))).toBe("1, 2, 3.");
  const answer = await gateway.complete({ model: "azure/mine", input: "count to 3" });
  expect(answer.providerMetadata["azure"]).toHaveProperty("prompt_filter_results");
  // Of baseModel.
  expect(answer.cost).toBeDefined();
});

test("it makes vectors at a deployment, too", async () => {
  const client = createClient(EmbeddingService, gateway.transport);
  const { vectors } = await client.embed({ model: "azure/vectors", inputs: ["a", "b"] });
  expect(vectors).toHaveLength(2);
});

test.each([
  ["azure/mine:404", "MODEL_NOT_FOUND"],
  ["azure/mine:429", "PROVIDER_RATE_LIMITED"],
  ["locked/mine", "PROVIDER_CREDENTIAL_INVALID"],
])("the gateway understands how %s is refused", async (model, reason) => {
  const error: ConnectError = await gateway.failure({ model, input: "hi" });
  expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe(reason);
});
