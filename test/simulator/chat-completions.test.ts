import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { events, post, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const user = (content: unknown) => [{ role: "user", content }];
const path = "/v1/chat/completions";
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const ask = async (body: object) => JSON.parse((await post(simulator, path, { model: "gpt", ...body })).text);
const stream = async (body: object) => {
  const { text } = await post(simulator, path, { model: "gpt", stream: true, ...body });
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  return events(text);
};

describe("is refused", () => {
  const messages = user("Hello");
  const calls = (id: string) => [
    ...messages,
    { role: "assistant", tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }] },
  ];

  test("a fifth stop sequence", async () => {
    expect((await ask({ messages, stop: ["1", "2", "3", "4"] })).error).toBeUndefined();
    expect((await ask({ messages, stop: ["1", "2", "3", "4", "5"] })).error).toMatchObject({ param: "stop" });
  });

  test("a call id above 40 characters", async () => {
    expect((await ask({ messages: calls("c".repeat(40)) })).error).toBeUndefined();
    expect((await ask({ messages: calls("c".repeat(41)) })).error).toMatchObject({
      param: "messages[1].tool_calls[0].id",
    });
    const result = { role: "tool", tool_call_id: "c".repeat(41), content: "ok" };
    expect((await ask({ messages: [...messages, result] })).error).toMatchObject({ param: "messages[1].tool_call_id" });
  });
});

describe("whole", () => {
  test("carries every field of the provider", async () => {
    expect(await ask({ messages: user("Hello there") })).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9A-Za-z]{29}$/),
      object: "chat.completion",
      created: 1_700_000_000,
      model: "gpt",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "You said: “Hello there”. Happy to help!",
            refusal: null,
            annotations: [],
          },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 8,
        completion_tokens: 7,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: {
          reasoning_tokens: 0,
          audio_tokens: 0,
          accepted_prediction_tokens: 0,
          rejected_prediction_tokens: 0,
        },
      },
      service_tier: "default",
      system_fingerprint: expect.stringMatching(/^fp_/),
    });
  });

  test("is the same for the same request, another for another", async () => {
    const [one, same, other] = await Promise.all(["a", "a", "b"].map((text) => ask({ messages: user(text) })));
    expect(same).toEqual(one);
    expect(other.id).not.toBe(one.id);
  });

  test.each([
    [{ max_tokens: 2 }, "1, 2,", "length"],
    [{ max_completion_tokens: 2 }, "1, 2,", "length"],
    [{ stop: ", 3" }, "1, 2", "stop"],
    [{ stop: ["9", ", 3"] }, "1, 2", "stop"],
  ])("%o", async (limits, content, reason) => {
    const { choices } = await ask({ messages: user("count to 10"), ...limits });
    expect(choices).toMatchObject([{ message: { content }, finish_reason: reason }]);
  });

  test("calls tools; a demanded one ends with stop", async () => {
    const request = { messages: user("Weather in Rome?"), tools: [weather] };
    const called = [{ type: "function", function: { name: "get_weather", arguments: '{"city":"Rome"}' } }];
    const { choices } = await ask(request);
    expect(choices).toMatchObject([{ message: { content: null, tool_calls: called }, finish_reason: "tool_calls" }]);
    const forced = await ask({ ...request, tool_choice: { type: "function", function: { name: "get_weather" } } });
    expect(forced.choices[0].finish_reason).toBe("stop");
  });

  test("uses the results of tools", async () => {
    const [call] = (await ask({ messages: user("Weather in Rome?"), tools: [weather] })).choices[0].message.tool_calls;
    const { choices } = await ask({
      tools: [weather],
      messages: [
        ...user("Weather in Rome?"),
        { role: "assistant", tool_calls: [call] },
        { role: "tool", tool_call_id: call.id, content: "21 °C" },
      ],
    });
    expect(choices[0].message.content).toBe("According to get_weather: 21 °C");
  });

  test("fills response formats", async () => {
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const filled = await ask({
      messages: user("pick 42"),
      response_format: { type: "json_schema", json_schema: { name: "pick", schema } },
    });
    expect(filled.choices[0].message.content).toBe('{"n":42}');
    const free = await ask({ messages: user("pick 42"), response_format: { type: "json_object" } });
    expect(JSON.parse(free.choices[0].message.content)).toEqual({ answer: expect.any(String) });
  });

  test("gives log probabilities that are asked for", async () => {
    const { choices } = await ask({ messages: user("count to 3"), logprobs: true, top_logprobs: 2 });
    expect(choices[0].logprobs.content.map(({ token }: { token: string }) => token)).toEqual(["1,", " 2,", " 3."]);
    expect(choices[0].logprobs.content[1]).toMatchObject({
      logprob: expect.any(Number),
      bytes: [32, 50, 44],
      top_logprobs: [{ token: " 2," }, { token: " option1" }],
    });
  });

  test("counts hidden reasoning, several choices, and names attachments", async () => {
    const parts = [
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "text", text: "Hi" },
    ];
    const answer = await ask({ messages: user(parts), reasoning_effort: "low", n: 2 });
    expect(answer.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
    expect(answer.choices[1].message.content).toMatch(/^I received 1 image/);
    expect(answer.usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(0);
  });

  test("refuses", async () => {
    const { choices } = await ask({ model: "gpt:refusal", messages: user("Hi") });
    expect(choices).toMatchObject([
      { message: { content: null, refusal: expect.stringMatching(/sorry/) }, finish_reason: "stop" },
    ]);
  });
});

describe("stream", () => {
  test("adds up to the whole answer, usage last", async () => {
    const request = { messages: user("count to 3"), stream_options: { include_usage: true } };
    const chunks = await stream(request);
    expect(chunks[0]).toMatchObject({
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      choices: [{ index: 0, delta: { role: "assistant", content: "", refusal: null }, finish_reason: null }],
      usage: null,
    });
    expect(chunks.map((chunk) => Object(chunk)["choices"][0]?.delta.content ?? "").join("")).toBe("1, 2, 3.");
    expect(chunks.at(-2)).toMatchObject({ choices: [{ delta: {}, finish_reason: "stop" }], usage: null });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
    expect(new Set(chunks.map((chunk) => chunk["id"])).size).toBe(1);
  });

  test("has no usage unless asked for", async () => {
    const chunks = await stream({ messages: user("Hi") });
    expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
  });

  test("sends tool arguments in small deltas", async () => {
    const chunks = await stream({ messages: user("Weather in Rome and Oslo?"), tools: [weather] });
    const deltas = chunks.flatMap((chunk) => Object(chunk)["choices"][0].delta.tool_calls ?? []);
    const opened = deltas.filter((delta) => delta.id !== undefined);
    expect(opened).toMatchObject([
      { index: 0, type: "function", function: { name: "get_weather", arguments: "" } },
      { index: 1, type: "function", function: { name: "get_weather", arguments: "" } },
    ]);
    const joined = [0, 1].map((index) =>
      deltas
        .filter((delta) => delta.index === index)
        .map((delta) => delta.function.arguments)
        .join(""),
    );
    expect(joined).toEqual(['{"city":"Rome"}', '{"city":"Oslo"}']);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: "tool_calls" }] });
  });
});

describe("failures", () => {
  test.each([
    ["gpt:401", 401, { type: "invalid_request_error", code: "invalid_api_key" }],
    ["gpt:404", 404, { code: "model_not_found", message: expect.stringContaining("`gpt:404`") }],
    ["gpt:429", 429, { type: "tokens", code: "rate_limit_exceeded" }],
    ["gpt:500", 500, { type: "server_error", code: null }],
    ["gpt:418", 418, { type: "invalid_request_error" }],
    ["gpt:599", 599, { type: "server_error" }],
    ["gpt:quota", 429, { code: "insufficient_quota" }],
    ["gpt:context-length", 400, { code: "context_length_exceeded", param: "messages" }],
    ["gpt:8b", 400, { message: expect.stringMatching(/unknown scenario word '8b'/) }],
  ])("%s", async (model, status, error) => {
    const failed = await post(simulator, path, { model, messages: user("Hi") });
    expect(failed.status).toBe(status);
    expect(JSON.parse(failed.text)).toMatchObject({ error });
    expect(failed.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
  });

  test.each([
    ["{", /JSON/],
    ["[]", /JSON/],
    [{ messages: user("Hi") }, /model/],
    [{ model: "gpt" }, /'messages'/],
    [{ model: "gpt", messages: user("Hi"), max_tokens: 0 }, /at least 1/],
  ])("%o is a bad request", async (body, message) => {
    const failed = await post(simulator, path, body);
    expect(failed.status).toBe(400);
    expect(JSON.parse(failed.text)).toMatchObject({ error: { message: expect.stringMatching(message), code: null } });
  });

  test("unknown paths and methods", async () => {
    const failed = await post(simulator, "/v1/nothing?x=1", {});
    expect(failed.status).toBe(404);
    expect(JSON.parse(failed.text)).toMatchObject({ error: { message: "Invalid URL (POST /v1/nothing)" } });
    expect((await fetch(simulator.url + path)).status).toBe(404);
  });
});

test("lists its models", async () => {
  const response = await fetch(`${simulator.url}/v1/models`);
  const { object, data } = Object(await response.json());
  expect(object).toBe("list");
  expect(data).toContainEqual({ id: "gpt", object: "model", created: expect.any(Number), owned_by: "simulator" });
});
