import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { events, post, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const version = { "anthropic-version": "2023-06-01" };
const user = (content: unknown) => [{ role: "user", content }];
const weather = {
  name: "get_weather",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const full = (body: object) => ({ model: "claude", max_tokens: 4096, messages: user("count to 3"), ...body });
const send = (body: object) => post(simulator, "/v1/messages", full(body), version);
const ask = async (body: object) => JSON.parse((await send(body)).text);
const stream = async (body: object) => events((await send({ stream: true, ...body })).text);
const types = (sent: readonly Record<string, unknown>[]) => sent.map((event) => event["type"]);
const deltas = (sent: readonly Record<string, unknown>[], key: string) =>
  sent.flatMap((event) => Object(event["delta"])[key] ?? []);

describe("is refused", () => {
  const use = { type: "tool_use", id: "t", name: "f", input: {} };
  const result = { type: "tool_result", tool_use_id: "t", content: "ok" };
  const marked = { type: "text", text: "a", cache_control: { type: "ephemeral" } };

  test("a result of a tool that was not called just before", async () => {
    const called = [...user("a"), { role: "assistant", content: [use] }];
    expect((await send({ messages: [...called, ...user([result])] })).status).toBe(200);
    const late = [...called, ...user([result]), { role: "assistant", content: "b" }, ...user([result])];
    for (const messages of [user([result]), late]) {
      const { status, text } = await send({ messages });
      expect([status, JSON.parse(text).error]).toEqual([
        400,
        { type: "invalid_request_error", message: expect.stringContaining("corresponding `tool_use` block") },
      ]);
    }
  });

  test("a fifth cache mark", async () => {
    expect((await send({ messages: user(Array(4).fill(marked)) })).status).toBe(200);
    const nested = { ...result, content: [marked] };
    expect((await send({ system: [marked], messages: user(Array(4).fill(marked)) })).status).toBe(400);
    const calls = [...user(Array(4).fill(marked)), { role: "assistant", content: [use] }];
    expect((await send({ messages: [...calls, ...user([nested])] })).text).toContain("Found 5");
  });
});

describe("whole", () => {
  test("carries every field of the provider", async () => {
    expect(await ask({})).toEqual({
      model: "claude",
      id: expect.stringMatching(/^msg_01[0-9A-Za-z]{22}$/),
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: "1, 2, 3." }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      usage: {
        input_tokens: 8,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 3,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        service_tier: "standard",
        inference_geo: "not_available",
      },
    });
  });

  test("is cut and stopped", async () => {
    expect(await ask({ max_tokens: 2 })).toMatchObject({ content: [{ text: "1, 2," }], stop_reason: "max_tokens" });
    expect(await ask({ stop_sequences: [", 3"] })).toMatchObject({
      content: [{ text: "1, 2" }],
      stop_reason: "stop_sequence",
      stop_sequence: ", 3",
    });
  });

  test("calls tools, with a word ahead unless demanded", async () => {
    const request = { messages: user("Weather in Rome?"), tools: [weather] };
    const use = { type: "tool_use", name: "get_weather", input: { city: "Rome" } };
    const answer = await ask(request);
    expect(answer).toMatchObject({ content: [{ type: "text" }, use], stop_reason: "tool_use" });
    expect(await ask({ ...request, tool_choice: { type: "any" } })).toMatchObject({ content: [use] });
    expect((await ask({ ...request, tool_choice: { type: "none" } })).stop_reason).toBe("end_turn");
    const result = {
      type: "tool_result",
      tool_use_id: answer.content[1].id,
      content: [{ type: "text", text: "21 °C" }],
    };
    const turns = [...request.messages, { role: "assistant", content: answer.content }, ...user([result])];
    expect((await ask({ ...request, messages: turns })).content).toEqual([
      { type: "text", text: "According to get_weather: 21 °C" },
    ]);
  });

  test.each(["output_config", "output_format"])("fills the schema of %s", async (field) => {
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const format = { type: "json_schema", schema };
    const answer = await ask({ messages: user("pick 42"), [field]: field === "output_config" ? { format } : format });
    expect(answer.content).toEqual([{ type: "text", text: '{"n":42}' }]);
  });

  test("names attachments", async () => {
    const source = { type: "base64", media_type: "image/png", data: "AAAA" };
    const { content } = await ask({
      messages: user([
        { type: "image", source },
        { type: "text", text: "Hi" },
      ]),
    });
    expect(content[0].text).toMatch(/^I received 1 image/);
  });

  test("refuses", async () => {
    expect(await ask({ model: "claude:refusal" })).toMatchObject({
      content: [],
      stop_reason: "refusal",
      stop_details: { type: "refusal" },
    });
  });
});

describe("stream", () => {
  test("tells text in the order of the provider", async () => {
    const sent = await stream({});
    expect(types(sent)).toEqual([
      "message_start",
      "content_block_start",
      "ping",
      ...["content_block_delta", "content_block_delta", "content_block_delta"],
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(sent[0]).toMatchObject({ message: { content: [], stop_reason: null, usage: { output_tokens: 1 } } });
    expect(deltas(sent, "text").join("")).toBe("1, 2, 3.");
    expect(sent.at(-2)).toMatchObject({ delta: { stop_reason: "end_turn" }, usage: { output_tokens: 3 } });
  });

  test("names each event ahead of its data", async () => {
    const { text, headers } = await send({ stream: true });
    expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const named = [...text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, name, data = ""]) => [
      name,
      JSON.parse(data).type,
    ]);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(([name, type]) => name !== type)).toEqual([]);
  });

  test("thinks first and signs it", async () => {
    const sent = await stream({ thinking: { type: "enabled", budget_tokens: 1024 } });
    const starts = sent.filter((event) => event["type"] === "content_block_start");
    expect(starts).toMatchObject([
      { index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
      { index: 1, content_block: { type: "text" } },
    ]);
    expect(deltas(sent, "thinking").join("")).toMatch(/^The user wrote: count to 3/);
    expect(deltas(sent, "signature")).toEqual([expect.stringMatching(/^[A-Za-z0-9+/=]{64,}$/)]);
    const details = { output_tokens_details: { thinking_tokens: expect.any(Number) } };
    expect(sent.at(-2)).toMatchObject({ usage: details });
  });

  test("sends tool input in pieces, and only an empty piece for none", async () => {
    const request = { messages: user("Weather in Rome?"), tools: [weather], tool_choice: { type: "any" } };
    const sent = await stream(request);
    expect(sent[1]).toMatchObject({ content_block: { type: "tool_use", name: "get_weather", input: {} } });
    expect(deltas(sent, "partial_json").join("")).toBe('{"city":"Rome"}');
    expect(deltas(sent, "partial_json").length).toBeGreaterThan(2);
    const bare = await stream({ ...request, tools: [{ name: "ping", input_schema: { type: "object" } }] });
    expect(deltas(bare, "partial_json")).toEqual([""]);
  });
});

describe("failures", () => {
  test.each([
    ["claude:401", 401, "authentication_error", "false"],
    ["claude:404", 404, "not_found_error", "false"],
    ["claude:429", 429, "rate_limit_error", "true"],
    ["claude:500", 500, "api_error", "true"],
    ["claude:529", 529, "overloaded_error", "true"],
    ["claude:context-length", 400, "invalid_request_error", "false"],
    ["claude:quota", 400, "invalid_request_error", "false"],
    ["claude:418", 418, "invalid_request_error", "false"],
  ])("%s", async (model, status, type, retry) => {
    const failed = await send({ model });
    expect(failed.status).toBe(status);
    expect(JSON.parse(failed.text)).toEqual({
      type: "error",
      error: { type, message: expect.any(String) },
      request_id: failed.headers.get("request-id"),
    });
    expect(failed.headers.get("x-should-retry")).toBe(retry);
  });

  test.each([
    [{ max_tokens: undefined }, "max_tokens: Field required"],
    [{ messages: [] }, "messages: at least one message is required"],
    [{ thinking: { type: "enabled", budget_tokens: 10 } }, /greater than or equal to 1024/],
    [{ max_tokens: 1024, thinking: { type: "enabled", budget_tokens: 1024 } }, /must be greater than/],
  ])("%o is a bad request", async (body, message) => {
    const failed = await send(body);
    expect(failed.status).toBe(400);
    expect(JSON.parse(failed.text).error.message).toMatch(message);
  });

  test("a request without the version header", async () => {
    const failed = await post(simulator, "/v1/messages", full({}));
    expect(failed.status).toBe(400);
    expect(JSON.parse(failed.text)).toMatchObject({
      type: "error",
      error: { message: expect.stringMatching(/anthropic-version/) },
    });
  });

  test("an unknown path", async () => {
    const failed = await post(simulator, "/v1/complete", {}, version);
    expect(failed.status).toBe(404);
    expect(JSON.parse(failed.text)).toMatchObject({ type: "error", error: { type: "not_found_error" } });
  });
});

test("counts tokens without a limit asked for", async () => {
  const counted = await post(
    simulator,
    "/v1/messages/count_tokens",
    { model: "claude", messages: user("count to 3") },
    version,
  );
  expect(JSON.parse(counted.text)).toEqual({ input_tokens: (await ask({})).usage.input_tokens });
});

test("lists its models in the provider's shape", async () => {
  const response = await fetch(`${simulator.url}/v1/models`, { headers: version });
  expect(await response.json()).toMatchObject({
    has_more: false,
    first_id: "claude",
    data: [{ type: "model", id: "claude" }, {}, {}, {}],
  });
});
