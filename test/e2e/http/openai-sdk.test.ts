import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Crossed, crossed, models } from "./crossed.ts";

let stage: Crossed;
let client: OpenAI;

beforeAll(async () => {
  stage = await crossed();
  client = new OpenAI({ baseURL: stage.baseURL, apiKey: "lh_none", maxRetries: 0 });
});

afterAll(() => stage[Symbol.asyncDispose]());

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
} as const;
const time = { ...weather, function: { ...weather.function, name: "get_time" } } as const;

describe.each(models)("%s", (model) => {
  test("answers", async () => {
    const { data, response } = await client.chat.completions
      .create({ model, messages: [{ role: "user", content: "Write 12 words" }] })
      .withResponse();
    const [choice] = data.choices;
    expect(choice?.finish_reason).toBe("stop");
    expect(choice?.message.content?.split(" ")).toHaveLength(12);
    expect(data.model).toBe(model);
    expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0));
    expect(response.headers.get("x-llmhub-model")).toBe(model);
    expect(response.headers.get("x-llmhub-attempts")).toBe("1");
  });

  test("streams the same text, with the usage if it is asked for", async () => {
    const messages = [{ role: "user", content: "Write 20 words" }] as const;
    const whole = await client.chat.completions.create({ model, messages: [...messages] });
    const stream = await client.chat.completions.create({
      model,
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    const reasons: string[] = [];
    let usage: unknown;
    for await (const chunk of stream) {
      expect(chunk.object).toBe("chat.completion.chunk");
      text += chunk.choices[0]?.delta.content ?? "";
      reasons.push(...chunk.choices.flatMap(({ finish_reason }) => finish_reason ?? []));
      if (chunk.choices.length === 0) usage = chunk.usage;
      else expect(chunk.usage).toBeNull();
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(reasons).toEqual(["stop"]);
    expect(usage).toEqual(whole.usage);
  });

  test("calls tools, several at once, and goes on with their results", async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Weather and time in Paris?" }];
    const asked = { model, messages, tools: [weather, time], tool_choice: "required" } as const;
    const runner = client.chat.completions.stream({ ...asked, tools: [...asked.tools] });
    const streamed = await runner.finalChatCompletion();
    const whole = await client.chat.completions.create({ ...asked, tools: [...asked.tools] });
    for (const { choices } of [streamed, whole]) {
      const [choice] = choices;
      expect(choice?.finish_reason).toBe("tool_calls");
      const calls = choice?.message.tool_calls ?? [];
      expect(calls.map((call) => call.type === "function" && call.function.name)).toEqual(["get_weather", "get_time"]);
      for (const call of calls) {
        if (call.type === "function") expect(JSON.parse(call.function.arguments)).toHaveProperty("city");
      }
    }
    const message = whole.choices[0]?.message;
    if (message === undefined) throw new Error("there is no message");
    const results = (message.tool_calls ?? []).map(
      ({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }) as const,
    );
    const next = await client.chat.completions.create({
      model,
      messages: [...messages, message, ...results],
      tools: [weather, time],
    });
    expect(next.choices[0]?.finish_reason).toBe("stop");
    expect(next.choices[0]?.message.content).not.toBe("");
  });

  test("keeps to a schema", async () => {
    const schema = {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "integer" } },
      required: ["name", "age"],
      additionalProperties: false,
    };
    const parsed = await client.chat.completions.parse({
      model,
      messages: [{ role: "user", content: "A person" }],
      response_format: { type: "json_schema", json_schema: { name: "person", strict: true, schema } },
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: expect.any(String), age: expect.any(Number) });
  });

  test("takes pictures", async () => {
    const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const answer = await client.chat.completions.create({
      model,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}`, detail: "low" } },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.message.content).toMatch(/image/i);
  });

  test("several choices are several answers with one usage", async () => {
    const messages = [{ role: "user", content: "Write 5 words" }] as const;
    const one = await client.chat.completions.create({ model, messages: [...messages] });
    const three = await client.chat.completions.create({ model, messages: [...messages], n: 3 });
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(three.usage?.prompt_tokens).toBe(3 * (one.usage?.prompt_tokens ?? 0));
    const runner = client.chat.completions.stream({ model, messages: [...messages], n: 3 });
    const streamed = await runner.finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(
      three.choices.map(({ message }) => message.content),
    );
  });

  test.each([
    ["429", OpenAI.RateLimitError, 429],
    ["503", OpenAI.InternalServerError, 503],
    ["context-length", OpenAI.BadRequestError, 400],
    ["401", OpenAI.InternalServerError, 503],
  ])("a provider that fails by %s is the error that the SDK has for it", async (words, Kind, status) => {
    const asked = { model: `${model}:${words}`, messages: [{ role: "user" as const, content: "hi" }] };
    for (const stream of [false, true]) {
      const error = await client.chat.completions.create({ ...asked, stream }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Kind);
      expect(error).toHaveProperty("status", status);
    }
  });

  test("a stream that breaks in the midst is an error, never a clean end", async () => {
    const stream = await client.chat.completions.create({
      model: `${model}:truncate`,
      messages: [{ role: "user", content: "Write 40 words" }],
      stream: true,
    });
    let text = "";
    const read = async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    };
    await expect(read()).rejects.toThrow(OpenAI.APIError);
    expect(text).not.toBe("");
  });
});

test("what is wrong with a request is told by the names of its fields", async () => {
  const wrong = async (body: object) => {
    const error = await client.chat.completions.create(body as never).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof OpenAI.APIError)) throw new Error("it was answered");
    return [error.status, error.param, error.code];
  };
  const messages = [{ role: "user", content: "hi" }];
  const model = "openai/gpt-5";
  expect(await wrong({ model, messages, temperature: 3 })).toEqual([400, "temperature", "invalid_value"]);
  expect(await wrong({ model, messages, max_completion_tokens: 0 })).toEqual([
    400,
    "max_completion_tokens",
    "invalid_value",
  ]);
  expect(await wrong({ model, messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] })).toEqual(
    [400, "messages[0].content[0].image_url.url", "invalid_value"],
  );
  expect(await wrong({ model, messages: [{ role: "narrator", content: "hi" }] })).toEqual([
    400,
    "messages[0].role",
    "invalid_value",
  ]);
  expect(await wrong({ model, messages, functions: [] })).toEqual([400, "functions", "invalid_value"]);
  expect(await wrong({ model: "nobody/knows", messages })).toEqual([404, "model", "model_not_found"]);
});

test("a client that leaves in the midst of a stream closes the upstream", async () => {
  const stream = await client.chat.completions.create({
    model: "openai/gpt-5:stall-mid",
    messages: [{ role: "user", content: "Write 40 words" }],
    stream: true,
  });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  stream.controller.abort();
  await expect.poll(() => stage.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
});
