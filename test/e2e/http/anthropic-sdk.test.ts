import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Crossed, crossed, models } from "./crossed.ts";

let stage: Crossed;
let client: Anthropic;

beforeAll(async () => {
  stage = await crossed();
  client = new Anthropic({ baseURL: stage.gateway.url, apiKey: "lh_none", maxRetries: 0 });
});

afterAll(() => stage[Symbol.asyncDispose]());

const input_schema = {
  type: "object" as const,
  properties: { city: { type: "string" } },
  required: ["city"],
};
const tools = [
  { name: "get_weather", description: "Weather of a city", input_schema },
  { name: "get_time", input_schema, cache_control: { type: "ephemeral" as const } },
];

describe.each(models)("%s", (model) => {
  test("answers, and streams the same text", async () => {
    const asked = {
      model,
      max_tokens: 200,
      system: "Be brief",
      messages: [{ role: "user" as const, content: "Write 12 words" }],
    };
    const { data: whole, response } = await client.messages.create(asked).withResponse();
    expect(whole.stop_reason).toBe("end_turn");
    expect(whole.model).toBe(model);
    expect(whole.usage.input_tokens).toBeGreaterThan(0);
    expect(response.headers.get("request-id")).toBe(response.headers.get("x-request-id"));
    const streamed = await client.messages.stream(asked).finalMessage();
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.stop_reason).toBe("end_turn");
    expect(streamed.usage).toMatchObject(whole.usage);
  });

  test("calls tools, several at once, and goes on with their results", async () => {
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Weather and time in Paris?" }];
    const asked = { model, max_tokens: 500, tools, tool_choice: { type: "any" as const }, messages };
    const whole = await client.messages.create(asked);
    const streamed = await client.messages.stream(asked).finalMessage();
    for (const { content, stop_reason } of [whole, streamed]) {
      expect(stop_reason).toBe("tool_use");
      const calls = content.flatMap((block) => (block.type === "tool_use" ? block : []));
      expect(calls.map(({ name }) => name)).toEqual(["get_weather", "get_time"]);
      for (const { input } of calls) expect(input).toHaveProperty("city");
    }
    const results = whole.content.flatMap((block) =>
      block.type === "tool_use" ? [{ type: "tool_result" as const, tool_use_id: block.id, content: "sunny" }] : [],
    );
    const next = await client.messages.create({
      model,
      max_tokens: 500,
      tools,
      messages: [
        ...messages,
        { role: "assistant", content: whole.content },
        { role: "user", content: [...results, { type: "text", text: "Well?" }] },
      ],
    });
    expect(next.stop_reason).toBe("end_turn");
  });

  test("takes pictures and documents, and counts tokens", async () => {
    const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const messages: Anthropic.MessageParam[] = [
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "The sky is blue." } },
          { type: "text", text: "What is this?", cache_control: { type: "ephemeral", ttl: "1h" } },
        ],
      },
    ];
    const answer = await client.messages.create({ model, max_tokens: 200, messages });
    expect(answer.content[0]?.type).toBe("text");
    const count = await client.messages.countTokens({ model, messages });
    expect(count.input_tokens).toBeGreaterThan(10);
  });

  test.each([
    ["429", Anthropic.RateLimitError, 429],
    ["529", Anthropic.InternalServerError, 529],
    ["context-length", Anthropic.BadRequestError, 400],
    ["401", Anthropic.InternalServerError, 503],
  ])("a provider that fails by %s is the error that the SDK has for it", async (words, Kind, status) => {
    const asked = {
      model: `${model}:${words}`,
      max_tokens: 100,
      messages: [{ role: "user" as const, content: "hi" }],
    };
    for (const stream of [false, true]) {
      const error = await client.messages.create({ ...asked, stream }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Kind);
      expect(error).toHaveProperty("status", status);
    }
  });

  test("a stream that breaks in the midst is an error, never a clean end", async () => {
    const stream = client.messages.stream({
      model: `${model}:truncate`,
      max_tokens: 500,
      messages: [{ role: "user", content: "Write 40 words" }],
    });
    let text = "";
    stream.on("text", (delta) => {
      text += delta;
    });
    await expect(stream.finalMessage()).rejects.toThrow(Anthropic.APIError);
    expect(text).not.toBe("");
  });
});

test("thinking comes with its signature, and goes back", async () => {
  const asked = {
    model: "anthropic/claude-sonnet-4-5",
    max_tokens: 4000,
    thinking: { type: "enabled" as const, budget_tokens: 1024 },
    messages: [{ role: "user" as const, content: "Write 5 words" }],
  };
  const whole = await client.messages.create(asked);
  const streamed = await client.messages.stream(asked).finalMessage();
  expect(whole.content.map(({ type }) => type)).toEqual(["thinking", "text"]);
  const signature = expect.stringMatching(/^llmhub\.[\w-]{40}/);
  expect(streamed.content).toEqual(
    whole.content.map((block) => (block.type === "thinking" ? { ...block, signature } : block)),
  );
  const [thought] = whole.content;
  if (thought?.type !== "thinking") throw new Error("it has not thought");
  expect(thought.thinking).not.toBe("");
  const next = await client.messages.create({
    ...asked,
    messages: [
      ...asked.messages,
      { role: "assistant", content: whole.content },
      { role: "user", content: "Write 6 words" },
    ],
  });
  expect(next.stop_reason).toBe("end_turn");
});

test("a key goes in x-api-key as Anthropic's clients send it", async () => {
  const wrong = await fetch(`${stage.baseURL}/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": "lh_none" },
    body: JSON.stringify({ model: "openai/gpt-5", messages: [] }),
  });
  expect(wrong.status).toBe(400);
  expect(await wrong.json()).toMatchObject({
    type: "error",
    error: { type: "invalid_request_error", message: expect.stringMatching(/messages|max_tokens/) },
    request_id: wrong.headers.get("request-id"),
  });
});
