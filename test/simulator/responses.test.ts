import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import type { Simulator } from "../../src/simulator/server.ts";
import { TestGateway } from "../support/gateway.ts";
import { events, post, startFast } from "./client.ts";

let simulator: Simulator;
let gateway: TestGateway;
beforeAll(async () => {
  simulator = await startFast();
  gateway = await TestGateway.start({ providers: { simulator: { baseUrl: `${simulator.url}/v1` } } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

const ask = async (body: object) =>
  JSON.parse((await post(simulator, "/v1/responses", { model: "responses", input: "Hello", ...body })).text);
const weather = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

describe("whole", () => {
  test("carries the fields of the provider", async () => {
    expect(await ask({ store: false })).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9A-Za-z]{32}$/),
      object: "response",
      created_at: 1_700_000_000,
      status: "completed",
      error: null,
      incomplete_details: null,
      store: false,
      output: [{ type: "message", role: "assistant", status: "completed", content: [{ type: "output_text" }] }],
      usage: { input_tokens: expect.any(Number), output_tokens_details: { reasoning_tokens: 0 } },
    });
  });

  test("calls tools, is cut off, fills schemas", async () => {
    const { output } = await ask({ tools: [weather], input: [{ role: "user", content: "Weather in Rome?" }] });
    expect(output).toMatchObject([{ type: "function_call", name: "get_weather", arguments: '{"city":"Rome"}' }]);
    expect(await ask({ input: "Write 100 words", max_output_tokens: 16 })).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete" }],
    });
    const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const filled = await ask({ text: { format: { type: "json_schema", name: "s", schema } } });
    expect(JSON.parse(filled.output[0].content[0].text)).toEqual({ city: expect.any(String) });
  });

  test("reasons when it is asked to, and shows and encrypts that when it is asked to", async () => {
    const reasoning = async (body: object) => (await ask({ reasoning: { effort: "low" }, ...body })).output[0];
    expect(await reasoning({})).toEqual({ id: expect.stringMatching(/^rs_/), type: "reasoning", summary: [] });
    const shown = { reasoning: { effort: "low", summary: "auto" }, include: ["reasoning.encrypted_content"] };
    expect(await reasoning(shown)).toMatchObject({
      summary: [{ type: "summary_text", text: expect.stringContaining("Hello") }],
      encrypted_content: expect.any(String),
    });
  });

  test("counts input without answering", async () => {
    const { text } = await post(simulator, "/v1/responses/input_tokens", { model: "responses", input: "Hello there" });
    expect(JSON.parse(text)).toEqual({ object: "response.input_tokens", input_tokens: 8 });
  });
});

describe("is refused", () => {
  test.each([
    [{ input: [] }, "input"],
    [{ max_output_tokens: 15 }, "max_output_tokens"],
    [{ text: { format: { type: "json_schema", name: "s" } } }, "text.format.schema"],
    [{ input: [{ type: "function_call_output", call_id: "c", output: "" }] }, "input"],
    [
      {
        input: [
          { type: "reasoning", id: "rs_1", summary: [] },
          { role: "user", content: "x" },
        ],
      },
      "input",
    ],
  ])("%j", async (body, param) => {
    expect((await ask(body)).error).toMatchObject({ type: "invalid_request_error", param });
  });
});

test("events are numbered, and end with the whole response", async () => {
  const body = { model: "responses", input: "Hello", stream: true, reasoning: { effort: "low", summary: "auto" } };
  const all = events((await post(simulator, "/v1/responses", body)).text);
  expect(all.map((event) => event["sequence_number"])).toEqual(all.map((_, at) => at));
  const types = all.map(({ type }) => type);
  expect(types.filter((type, at) => type !== types[at - 1])).toEqual(
    [
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ].map((type) => `response.${type}`),
  );
  expect(all.at(-1)).toMatchObject({ response: { status: "completed", output: [{ type: "reasoning" }, {}] } });
});

describe("through the gateway", () => {
  const model = (words = "") => `simulator/responses${words}`;

  test("a conversation with tools goes on where it was, reasoning included", async () => {
    const tools = [{ kind: { case: "function" as const, value: { name: "get_weather" } } }];
    const question = { text: "What is the weather in Rome?" };
    const first = await gateway.complete({ model: model(), messages: [question], tools, reasoning: { effort: "low" } });
    const [thought, call] = first.message?.content ?? [];
    expect(thought?.part).toMatchObject({ case: "reasoning", value: { summary: true } });
    if (call?.part.case !== "toolCall" || first.message === undefined) throw new Error("no call");
    const result = {
      toolCallId: call.part.value.id,
      content: [{ part: { case: "text" as const, value: "22 degrees" } }],
    };
    const second = await gateway.complete({
      model: model(),
      messages: [
        question,
        first.message,
        { role: Role.TOOL, content: [{ part: { case: "toolResult", value: result } }] },
      ],
      tools,
    });
    expect(second.warnings).toEqual([]);
    expect(second.message?.content.at(-1)?.part).toMatchObject({ case: "text", value: expect.stringContaining("22") });
  });

  test.each([
    [":429", "PROVIDER_RATE_LIMITED"],
    [":quota", "PROVIDER_QUOTA_EXHAUSTED"],
    [":context-length", "CONTEXT_LENGTH_EXCEEDED"],
    [":error-first", "PROVIDER_UNAVAILABLE"],
    [":truncate", "STREAM_INTERRUPTED"],
    [":garbage", "PROVIDER_BAD_RESPONSE"],
  ])("%s is told as %s", async (words, reason) => {
    const { error } = await gateway.stream({ model: model(words), input: "Write 20 words" });
    expect(error?.findDetails(ErrorInfoSchema)[0]?.reason).toBe(reason);
  });
});
