import { afterAll, beforeAll, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { events, post, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const full = (body: object) => ({ model: "command", messages: [{ role: "user", content: "count to 3" }], ...body });
const send = (body: object, path = "/v1/v2/chat") => post(simulator, path, full(body));
const ask = async (body: object) => JSON.parse((await send(body)).text);
const id = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const documents = [{ id: "d1", data: { title: "T", text: "x" } }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

test("a whole answer carries every field of the provider", async () => {
  expect(await ask({ documents })).toEqual({
    id,
    message: {
      role: "assistant",
      content: [{ type: "text", text: "1, 2, 3." }],
      citations: [
        {
          start: 0,
          end: 2,
          text: "1,",
          sources: [{ type: "document", id: "d1", document: { id: "d1", title: "T", text: "x" } }],
          type: "TEXT_CONTENT",
          content_index: 0,
        },
      ],
    },
    finish_reason: "COMPLETE",
    usage: {
      billed_units: { input_tokens: expect.any(Number), output_tokens: 3 },
      tokens: { input_tokens: expect.any(Number), output_tokens: 6 },
      cached_tokens: 0,
    },
  });
});

test("a stream names its events, and ends twice", async () => {
  const { text, headers } = await send({ stream: true, documents, thinking: { type: "enabled" } });
  expect(headers.get("content-type")).toBe("text/event-stream");
  const names = events(text).map(({ type }) => String(type));
  expect([...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)).toEqual(names);
  expect(new Set(names)).toEqual(
    new Set([
      "message-start",
      "content-start",
      "content-delta",
      "content-end",
      "citation-start",
      "citation-end",
      "message-end",
    ]),
  );
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
});

test("tools are called after a plan", async () => {
  const body = { messages: [{ role: "user", content: "What is the weather in Paris?" }], tools: [weather] };
  const { message, finish_reason } = await ask(body);
  expect({ message, finish_reason }).toEqual({
    message: {
      role: "assistant",
      tool_plan: "Let me use get_weather for that.",
      tool_calls: [
        {
          id: expect.stringMatching(/^get_weather_[0-9a-z]{12}$/),
          type: "function",
          function: { name: "get_weather", arguments: '{"city":"Paris"}' },
        },
      ],
    },
    finish_reason: "TOOL_CALL",
  });
  const names = events((await send({ ...body, stream: true })).text).map(({ type }) => type);
  expect(names).toContain("tool-plan-delta");
  expect(names).toContain("tool-call-end");
});

test("vectors and orders", async () => {
  const embed = {
    model: "command",
    texts: ["a"],
    input_type: "search_query",
    embedding_types: ["float"],
    output_dimension: 3,
  };
  expect(JSON.parse((await post(simulator, "/v2/embed", embed)).text)).toMatchObject({
    embeddings: { float: [[expect.any(Number), expect.any(Number), expect.any(Number)]] },
    meta: { billed_units: { input_tokens: 1 } },
  });
  const rerank = { model: "command", query: "ruby", documents: ["snake", "a ruby"], top_n: 1 };
  expect(JSON.parse((await post(simulator, "/v2/rerank", rerank)).text)).toMatchObject({
    id,
    results: [{ index: 1, relevance_score: expect.any(Number) }],
    meta: { billed_units: { search_units: 1 } },
  });
});

test.each([
  ["command:429", 429, { message: expect.stringContaining("per minute") }],
  ["command:quota", 429, { message: expect.stringContaining("/ month") }],
  ["command:404", 404, { message: expect.stringContaining("model 'command:404' not found") }],
  ["command:context-length", 400, { error_type: "TOO_MANY_TOKENS" }],
])("%s fails in the provider's words", async (model, status, body) => {
  const reading = await send({ model });
  expect([reading.status, JSON.parse(reading.text)]).toEqual([status, expect.objectContaining({ id, ...body })]);
});

test.each<[object, string]>([
  [
    {
      messages: [
        { role: "user", content: "a" },
        { role: "system", content: "b" },
      ],
    },
    "system turn must be the first",
  ],
  [{ messages: [{ role: "tool", tool_call_id: "x", content: "a" }] }, "tool call id not found"],
  [{ temperature: 1.1 }, "temperature must be between"],
  [{ stop_sequences: ["a", "b", "c", "d", "e", "f"] }, "at most 5 stop sequences"],
  [{ documents, response_format: { type: "json_object" } }, "response_format is not supported"],
  [{ documents: [...documents, ...documents] }, "duplicate document ID d1 at index 1"],
])("%j is refused", async (body, message) => {
  const { status, text } = await send(body);
  expect([status, JSON.parse(text).message]).toEqual([400, expect.stringContaining(message)]);
});

test("a key is checked in the provider's words", async () => {
  const strict = await startSimulator({ secret: "s" });
  const message = async (headers: Record<string, string>) =>
    JSON.parse((await post(strict, "/v2/chat", full({}), headers)).text).message;
  expect(await message({})).toBe("no api key supplied");
  expect(await message({ authorization: "Bearer t" })).toBe("invalid api token");
  expect(await message({ authorization: "Bearer s" })).toMatchObject({ role: "assistant" });
  await strict.close();
});
