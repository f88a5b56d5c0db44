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

type Item = OpenAI.Responses.ResponseOutputItem;

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const weather = { type: "function", name: "get_weather", parameters, strict: true } as const;
const time = { ...weather, name: "get_time" } as const;

/** Without what differs between two answers to the same question, and what the SDK's helper adds. */
function comparable(response: OpenAI.Responses.Response): unknown {
  const { created_at, output_parsed, ...rest } = JSON.parse(
    JSON.stringify(response)
      .replace(/cmp_[0-9a-f]{32}/g, "cmp")
      .replaceAll(',"parsed":null', ""),
  );
  return rest;
}

async function failureOf(asked: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await asked.catch((thrown: unknown) => thrown);
  if (!(error instanceof OpenAI.APIError)) throw new Error("it was answered");
  return error;
}

describe.each([...models, "openai/gpt-5-pro"])("%s", (model) => {
  test("answers, and streams the same", async () => {
    const asked = { model, instructions: "Be brief", input: "Write 12 words", metadata: { team: "search" } };
    const { data: whole, response } = await client.responses.create(asked).withResponse();
    expect(whole.output_text.split(" ")).toHaveLength(12);
    expect(whole).toMatchObject({ status: "completed", model, instructions: "Be brief", store: false, error: null });
    expect(whole.metadata).toEqual(asked.metadata);
    expect(whole.usage?.total_tokens).toBe((whole.usage?.input_tokens ?? 0) + (whole.usage?.output_tokens ?? 0));
    expect(response.headers.get("x-llmhub-id")).toBe(whole.id);

    const types: string[] = [];
    const numbers: number[] = [];
    const runner = client.responses.stream(asked);
    runner.on("event", ({ type, sequence_number }) => {
      types.push(type.replace(/^response\./, ""));
      numbers.push(sequence_number);
    });
    const streamed = await runner.finalResponse();
    expect(comparable(streamed)).toEqual(comparable(whole));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect([...new Set(types)]).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
  });

  test("calls tools, several at once, and goes on with their results", async () => {
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "Weather and time in Paris?" }];
    const tools = [weather, time];
    const asked = { model, input, tools, tool_choice: "required" as const, parallel_tool_calls: true };
    const whole = await client.responses.create(asked);
    const streamed = await client.responses.stream(asked).finalResponse();
    const callsOf = (output: readonly Item[]) => output.flatMap((item) => (item.type === "function_call" ? item : []));
    for (const { output } of [whole, streamed]) {
      const calls = callsOf(output);
      expect(calls.map(({ name }) => name)).toEqual(["get_weather", "get_time"]);
      for (const call of calls) expect(JSON.parse(call.arguments)).toHaveProperty("city");
    }
    for (const { output } of [whole, streamed]) {
      const results = callsOf(output).map(({ call_id }) => ({
        type: "function_call_output" as const,
        call_id,
        output: "sunny",
      }));
      const next = await client.responses.create({
        model,
        tools,
        input: [...input, ...(output as OpenAI.Responses.ResponseInput), ...results],
      });
      expect(next.status).toBe("completed");
      expect(next.output_text).not.toBe("");
    }
  });

  test("calls the one that is chosen, among those that are allowed", async () => {
    const namesOf = async (tool_choice: OpenAI.Responses.ResponseCreateParams["tool_choice"]) => {
      const asked = { model, input: "Weather and time in Paris?", tools: [weather, time], tool_choice };
      const { output } = await client.responses.create(asked as OpenAI.Responses.ResponseCreateParamsNonStreaming);
      return output.flatMap((item) => (item.type === "function_call" ? item.name : []));
    };
    expect(await namesOf({ type: "function", name: "get_time" })).toEqual(["get_time"]);
    const allowed = [{ type: "function", name: "get_weather" }];
    expect(await namesOf({ type: "allowed_tools", mode: "required", tools: allowed })).toEqual(["get_weather"]);
  });

  test("keeps to a schema", async () => {
    const schema = {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "integer" } },
      required: ["name", "age"],
      additionalProperties: false,
    };
    const parsed = await client.responses.parse({
      model,
      input: "A person",
      text: { format: { type: "json_schema", name: "person", strict: true, schema } },
    });
    expect(parsed.output_parsed).toEqual({ name: expect.any(String), age: expect.any(Number) });
  });

  test("takes pictures", async () => {
    const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const answer = await client.responses.create({
      model,
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "What is this?" },
            { type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "low" },
          ],
        },
      ],
    });
    expect(answer.output_text).toMatch(/image/i);
  });

  test("an answer that is cut off is incomplete", async () => {
    const asked = { model, input: "Write 200 words", max_output_tokens: 16 };
    const whole = await client.responses.create(asked);
    expect(whole).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    const types: string[] = [];
    for await (const { type } of await client.responses.create({ ...asked, stream: true })) types.push(type);
    expect(types.at(-1)).toBe("response.incomplete");
  });

  test.each([
    ["429", OpenAI.RateLimitError, 429],
    ["503", OpenAI.InternalServerError, 503],
    ["context-length", OpenAI.BadRequestError, 400],
    ["401", OpenAI.InternalServerError, 503],
  ])("a provider that fails by %s is the error that the SDK has for it", async (words, Kind, status) => {
    for (const stream of [false, true]) {
      const error = await failureOf(client.responses.create({ model: `${model}:${words}`, input: "hi", stream }));
      expect(error).toBeInstanceOf(Kind);
      expect(error).toHaveProperty("status", status);
    }
  });

  test("a stream that breaks in the midst fails, and is never complete", async () => {
    const asked = { model: `${model}:truncate`, input: "Write 40 words" };
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    const read = async () => {
      for await (const event of await client.responses.create({ ...asked, stream: true })) events.push(event);
    };
    await expect(read()).rejects.toThrow(OpenAI.APIError);
    const types = events.map(({ type }) => type);
    expect(types).toContain("response.output_text.delta");
    expect(types).not.toContain("response.completed");
    expect(events.at(-1)).toMatchObject({
      type: "response.failed",
      sequence_number: events.length - 1,
      response: { status: "failed", error: { code: "server_error" } },
    });
    await expect(client.responses.stream(asked).finalResponse()).rejects.toThrow(OpenAI.APIError);
  });
});

describe.each(["openai/gpt-5-pro", "anthropic/claude-sonnet-4-5"])("%s", (model) => {
  test("reasoning comes as a summary with what the provider wants back, and goes back", async () => {
    const asked = {
      model,
      input: "Write 5 words",
      max_output_tokens: 8000,
      reasoning: { effort: "low" as const, summary: "auto" as const },
    };
    const whole = await client.responses.create(asked);
    const streamed = await client.responses.stream(asked).finalResponse();
    expect(whole.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    for (const { output } of [whole, streamed]) {
      const [thought] = output;
      if (thought?.type !== "reasoning") throw new Error("it has not thought");
      expect(thought.summary[0]?.text).not.toBe("");
      expect(thought.encrypted_content).toMatch(/^llmhub\.[\w-]{40}/);
      const input = [
        { role: "user", content: asked.input },
        ...output,
        { role: "user", content: "Write 6 words" },
      ] as OpenAI.Responses.ResponseInput;
      const { data, response } = await client.responses.create({ ...asked, input }).withResponse();
      expect(data.status).toBe("completed");
      expect(response.headers.get("x-llmhub-warnings")).toBeNull();
    }
  });

  test("reasoning stays unseen where no summary is asked for", async () => {
    const { output } = await client.responses.create({
      model,
      input: "Write 5 words",
      max_output_tokens: 8000,
      reasoning: { effort: "low" },
    });
    const thoughts = output.flatMap((item) => (item.type === "reasoning" ? item.summary : []));
    expect(thoughts).toEqual([]);
  });
});

test("what is wrong with a request is told by the names of its fields", async () => {
  const wrong = async (body: object) => {
    const { status, param, code } = await failureOf(client.responses.create(body as never));
    return [status, param, code];
  };
  const model = "openai/gpt-5";
  const input = "hi";
  expect(await wrong({ model, input, temperature: 3 })).toEqual([400, "temperature", "invalid_value"]);
  expect(await wrong({ model, input, max_output_tokens: 0 })).toEqual([400, "max_output_tokens", "invalid_value"]);
  expect(await wrong({ model })).toEqual([400, "input", "invalid_value"]);
  const image = [{ role: "user", content: [{ type: "input_image" }] }];
  expect(await wrong({ model, input: image })).toEqual([400, "input[0].content[0]", "invalid_value"]);
  const output = [{ type: "function_call_output", call_id: "c", output: "r" }];
  expect(await wrong({ model, input: output })).toEqual([400, "input[0].call_id", "invalid_value"]);
  const reference = [{ type: "item_reference", id: "msg_1" }];
  expect(await wrong({ model, input: reference })).toEqual([400, "input[0]", "invalid_value"]);
  expect(await wrong({ model: "nobody/knows", input })).toEqual([404, "model", "model_not_found"]);
});

test.each([{ previous_response_id: "resp_1" }, { conversation: "conv_1" }, { background: true }])(
  "%o needs answers that are stored, and is refused",
  async (more) => {
    const error = await failureOf(client.responses.create({ model: "openai/gpt-5", input: "hi", ...more }));
    expect(error.status).toBe(400);
    expect(error.param).toBe(Object.keys(more)[0]);
    expect(error.message).toMatch(/not stored/);
  },
);

test("a client that leaves in the midst of a stream closes the upstream", async () => {
  const stream = await client.responses.create({
    model: "openai/gpt-5:stall-mid",
    input: "Write 40 words",
    stream: true,
  });
  for await (const { type } of stream) if (type === "response.output_text.delta") break;
  stream.controller.abort();
  await expect.poll(() => stage.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
});
