import { afterAll, beforeAll, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { post, type Reading, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const full = (body: object) => ({ model: "llama3.2:3b", messages: [{ role: "user", content: "count to 3" }], ...body });
const send = (body: object) => post(simulator, "/v1/api/chat", full(body));
const ask = async (body: object) => JSON.parse((await send({ stream: false, ...body })).text);
const linesOf = ({ text }: Reading) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

test("a whole answer carries every field of the provider", async () => {
  expect(await ask({})).toEqual({
    model: "llama3.2:3b",
    created_at: "2023-11-14T22:13:20.000Z",
    message: { role: "assistant", content: "1, 2, 3." },
    done: true,
    done_reason: "stop",
    total_duration: expect.any(Number),
    load_duration: expect.any(Number),
    prompt_eval_count: expect.any(Number),
    prompt_eval_duration: expect.any(Number),
    eval_count: 3,
    eval_duration: expect.any(Number),
  });
});

test("a stream is the default, one object a line", async () => {
  const reading = await send({ think: "low", logprobs: true, top_logprobs: 2 });
  expect(reading.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = linesOf(reading);
  expect(lines.map(({ message }) => message.content).join("")).toBe("1, 2, 3.");
  expect(lines.map(({ message }) => message.thinking ?? "").join("")).toContain("count to 3");
  expect(lines.filter(({ done }) => done)).toHaveLength(1);
  expect(lines.find(({ logprobs }) => logprobs)?.logprobs[0].top_logprobs).toHaveLength(2);
});

test("tools are called with objects", async () => {
  const { message, done_reason } = await ask({
    messages: [{ role: "user", content: "What is the weather in Paris?" }],
    tools: [weather],
  });
  expect(message.tool_calls).toEqual([
    {
      id: expect.stringMatching(/^call_[0-9a-z]{8}$/),
      function: { index: 0, name: "get_weather", arguments: { city: "Paris" } },
    },
  ]);
  expect(done_reason).toBe("stop");
});

test("format and num_predict are kept", async () => {
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  expect(JSON.parse((await ask({ format: schema })).message.content)).toEqual({ n: 3 });
  expect(await ask({ options: { num_predict: 1 } })).toMatchObject({ done_reason: "length", eval_count: 1 });
});

test("embeddings and the list of models", async () => {
  const { text } = await post(simulator, "/api/embed", { model: "llama", input: ["a", "b"], dimensions: 3 });
  const { embeddings, prompt_eval_count } = JSON.parse(text);
  expect([embeddings.length, embeddings[0].length, prompt_eval_count]).toEqual([2, 3, 2]);
  const list = await (await fetch(`${simulator.url}/api/tags`)).text();
  expect(JSON.parse(list).models[0]).toMatchObject({ name: "ollama", size: expect.any(Number) });
});

test.each([
  ["llama:404", 404, "model 'llama:404' not found"],
  ["llama3.2:3b:503", 503, "server busy, please try again.  maximum pending requests exceeded"],
  ["llama:latest:context-length", 400, "the input length exceeds the context length"],
])("%s fails in the provider's words", async (model, status, error) => {
  const reading = await send({ model });
  expect([reading.status, JSON.parse(reading.text)]).toEqual([status, { error }]);
});

test("an error half-way is a line", async () => {
  const lines = linesOf(await send({ model: "llama:error-mid" }));
  expect(lines.at(-1)).toEqual({ error: expect.stringContaining("terminated") });
});

test("what the server refuses", async () => {
  expect((await send({ think: "huge" })).text).toContain("invalid think value");
  expect((await send({ top_logprobs: 21 })).status).toBe(400);
  expect((await post(simulator, "/api/embed", { model: "llama", input: [1] })).text).toBe(
    '{"error":"invalid input type"}',
  );
});
