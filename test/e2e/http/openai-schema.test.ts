import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openaiProblems } from "../../support/openai-schema.ts";
import { type Crossed, crossed, models } from "./crossed.ts";
import { eventsIn } from "./sse.ts";

let stage: Crossed;

beforeAll(async () => {
  stage = await crossed();
});

afterAll(() => stage[Symbol.asyncDispose]());

/** The answer to a request: a body, or what the events hold. */
async function ask(path: string, body: object): Promise<unknown> {
  const response = await fetch(stage.baseURL + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return JSON.parse(text);
  return eventsIn(text)
    .events.filter(({ data }) => data !== "[DONE]")
    .map(({ data }) => JSON.parse(data));
}

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const responses: readonly (readonly [string, object])[] = [
  ["a text", { input: "Write 12 words", instructions: "Be brief", temperature: 0.5, user: "u", metadata: { a: "b" } }],
  [
    "calls",
    {
      input: [{ role: "user", content: "Weather and time in Paris?" }],
      tools: [
        { type: "function", name: "get_weather", parameters },
        { type: "function", name: "get_time" },
      ],
      tool_choice: "required",
    },
  ],
  ["a schema", { input: "A person", text: { format: { type: "json_schema", name: "person", schema } } }],
  ["a cut", { input: "Write 90 words", max_output_tokens: 16 }],
  ["reasoning", { input: "Write 5 words", reasoning: { effort: "low", summary: "auto" }, max_output_tokens: 4000 }],
  ["a picture", { input: [{ role: "user", content: [{ type: "input_image", image_url: pixel, detail: "low" }] }] }],
  ["probabilities", { input: "Write 5 words", include: ["message.output_text.logprobs"], top_logprobs: 2 }],
];

describe.each([...models, "openai/gpt-5-pro"])("Responses of %s are as OpenAI describes them:", (model) => {
  test.each(responses)("%s", async (_, asked) => {
    const body = { model, ...asked };
    expect(openaiProblems("Response", await ask("/responses", body))).toEqual([]);
    const events = (await ask("/responses", { ...body, stream: true })) as readonly object[];
    expect(events.length).toBeGreaterThan(5);
    for (const event of events) expect(openaiProblems("ResponseStreamEvent", event)).toEqual([]);
  });

  test.each(["refusal", "truncate"])("%s", async (words) => {
    const body = { model: `${model}:${words}`, input: "Write 40 words" };
    const events = (await ask("/responses", { ...body, stream: true })) as readonly object[];
    for (const event of events) expect(openaiProblems("ResponseStreamEvent", event)).toEqual([]);
    const whole = await ask("/responses", body);
    expect(openaiProblems(words === "truncate" ? "ErrorResponse" : "Response", whole)).toEqual([]);
  });
});

const messages = [{ role: "user", content: "Write 12 words" }];
const functions = ["get_weather", "get_time"].map((name) => ({ type: "function", function: { name, parameters } }));

const chats: readonly (readonly [string, object])[] = [
  ["a text", { messages, n: 2, temperature: 0.5 }],
  ["calls", { messages: [{ role: "user", content: "Time in Paris?" }], tools: functions, tool_choice: "required" }],
  ["a cut", { messages, max_completion_tokens: 4 }],
  ["reasoning", { messages, reasoning_effort: "low", max_completion_tokens: 4000 }],
  ["probabilities", { messages, logprobs: true, top_logprobs: 2 }],
  ["a schema", { messages, response_format: { type: "json_schema", json_schema: { name: "person", schema } } }],
];

describe.each(models)("chat completions of %s are as OpenAI describes them:", (model) => {
  test.each(chats)("%s", async (_, asked) => {
    const body = { model, ...asked };
    expect(openaiProblems("CreateChatCompletionResponse", await ask("/chat/completions", body))).toEqual([]);
    const streamed = { ...body, stream: true, stream_options: { include_usage: true } };
    const pieces = (await ask("/chat/completions", streamed)) as readonly object[];
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) expect(openaiProblems("CreateChatCompletionStreamResponse", piece)).toEqual([]);
  });

  test("a refusal", async () => {
    const body = { model: `${model}:refusal`, messages };
    expect(openaiProblems("CreateChatCompletionResponse", await ask("/chat/completions", body))).toEqual([]);
    const pieces = (await ask("/chat/completions", { ...body, stream: true })) as readonly object[];
    for (const piece of pieces) expect(openaiProblems("CreateChatCompletionStreamResponse", piece)).toEqual([]);
  });
});

test("vectors, models and errors are as OpenAI describes them", async () => {
  for (const encoding_format of ["float", "base64"]) {
    const answer = await ask("/embeddings", { model: "openai/text-embedding-3-small", input: ["a"], encoding_format });
    // OpenAI describes vectors as numbers, whatever the encoding.
    const told = JSON.parse(JSON.stringify(answer), (name, value) =>
      name === "embedding" && encoding_format === "base64" && typeof value === "string" ? [0] : value,
    );
    expect(openaiProblems("CreateEmbeddingResponse", told)).toEqual([]);
  }
  const read = async (path: string) => (await fetch(stage.baseURL + path)).json();
  expect(openaiProblems("ListModelsResponse", await read("/models"))).toEqual([]);
  expect(openaiProblems("Model", await read("/models/openai/gpt-5"))).toEqual([]);
  for (const path of ["/responses", "/chat/completions", "/embeddings"]) {
    expect(openaiProblems("ErrorResponse", await ask(path, { model: "openai/gpt-5" }))).toEqual([]);
  }
  expect(openaiProblems("ErrorResponse", await read("/models/nobody/knows"))).toEqual([]);
});

test("a mistake would be told", () => {
  expect(openaiProblems("Model", { id: 1, object: "model", created: 0, owned_by: "a" })).toEqual([
    "/id must be string: 1",
  ]);
  const event = { type: "response.output_text.delta", delta: "a", sequence_number: 1 };
  expect(openaiProblems("ResponseStreamEvent", event)).not.toEqual([]);
});
