import { type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, type ChatOpenAIFields, OpenAIEmbeddings } from "@langchain/openai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messages as anthropic, chat } from "../faults/dialects.ts";
import { type Crossed, crossed, models } from "./crossed.ts";
import { halting } from "./halting.ts";

let stage: Crossed;

beforeAll(async () => {
  stage = await crossed();
});

afterAll(() => stage[Symbol.asyncDispose]());

const apiKey = "lh_none";

function clientOf(model: string, { baseURL = stage.baseURL, ...fields }: ChatOpenAIFields & { baseURL?: string } = {}) {
  return new ChatOpenAI({ model, apiKey, maxRetries: 0, configuration: { baseURL }, ...fields });
}

const city = { type: "object" as const, properties: { city: { type: "string" as const } }, required: ["city"] };
const tools = ["get_weather", "get_time"].map((name) =>
  tool(async (input) => `${name}: ${typeof input}`, { name, description: `The ${name} of a city`, schema: city }),
);
const person = {
  title: "person",
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async function joined(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of stream) whole = whole === undefined ? chunk : whole.concat(chunk);
  if (whole === undefined) throw new Error("nothing came");
  return whole;
}

describe.each(models)("%s", (id) => {
  test("answers, and streams the same text with the same usage", async () => {
    const whole = await clientOf(id).invoke("Write 12 words");
    expect(String(whole.content).split(" ")).toHaveLength(12);
    const streamed = await joined(await clientOf(id).stream("Write 12 words"));
    expect(streamed.content).toBe(whole.content);
    expect(streamed.response_metadata["finish_reason"]).toBe("stop");
    const usage = { input_tokens: expect.any(Number), output_tokens: expect.any(Number) };
    expect(whole.usage_metadata).toMatchObject(usage);
    expect(streamed.usage_metadata).toEqual(whole.usage_metadata);
  });

  test("calls several tools at once, and goes on with their results", async () => {
    const bound = clientOf(id).bindTools(tools, { tool_choice: "any", parallel_tool_calls: true });
    const asked: BaseMessage[] = [new HumanMessage("Weather and time in Paris?")];
    const whole = await bound.invoke(asked);
    const streamed = await joined(await bound.stream(asked));
    for (const { tool_calls = [] } of [whole, streamed]) {
      expect(tool_calls.map(({ name }) => name)).toEqual(["get_weather", "get_time"]);
      for (const { args } of tool_calls) expect(args).toEqual({ city: expect.any(String) });
    }
    const results = await Promise.all(
      (streamed.tool_calls ?? []).map(async (call, at) => {
        const result: unknown = await tools[at]?.invoke({ ...call, type: "tool_call" });
        if (!(result instanceof ToolMessage)) throw new Error("the tool returned no message");
        return result;
      }),
    );
    const next = await clientOf(id)
      .bindTools(tools)
      .invoke([...asked, streamed, ...results]);
    expect(next.content).not.toBe("");
    expect(next.response_metadata["finish_reason"]).toBe("stop");
  });

  test.each(["jsonSchema", "functionCalling"] as const)("keeps to a schema, %s", async (method) => {
    const shaped = clientOf(id).withStructuredOutput<Record<string, unknown>>(person, { name: "person", method });
    expect(await shaped.invoke("A person")).toEqual({ name: expect.any(String), age: expect.any(Number) });
  });

  test("takes pictures", async () => {
    const question = new HumanMessage({
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
      ],
    });
    expect((await clientOf(id).invoke([question])).content).toMatch(/image/i);
  });

  test.each([
    ["429", OpenAI.RateLimitError, 429],
    ["500", OpenAI.InternalServerError, 503],
    ["context-length", OpenAI.BadRequestError, 400],
    ["401", OpenAI.InternalServerError, 503],
  ])("a provider that fails by %s is the error that the SDK has for it", async (words, Kind, status) => {
    const client = clientOf(`${id}:${words}`);
    for (const call of [() => client.invoke("hi"), async () => joined(await client.stream("hi"))]) {
      const error = await call().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Kind);
      expect(error).toMatchObject({ status });
    }
  });

  test("a stream that breaks in the midst is an error, never a clean end", async () => {
    let text = "";
    const read = async () => {
      for await (const { content } of await clientOf(`${id}:truncate`).stream("Write 40 words")) text += content;
    };
    await expect(read()).rejects.toThrow(/provider|stream/);
    expect(text).not.toBe("");
  });
});

test.each([chat, anthropic])("a client that aborts a stream closes the upstream, $kind", async (dialect) => {
  await using stage = await halting(dialect);
  const leaving = new AbortController();
  const stream = await clientOf("up/m-1", stage).stream("hi", { signal: leaving.signal });
  const read = async () => {
    for await (const { content } of stream) if (content !== "") leaving.abort();
  };
  await expect(read()).rejects.toThrow(/abort/i);
  await stage.upstream.closed();
  await expect.poll(() => stage.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
});

test("embeds several texts", async () => {
  const embeddings = new OpenAIEmbeddings({
    model: "openai/text-embedding-3-small",
    apiKey,
    maxRetries: 0,
    configuration: { baseURL: stage.baseURL },
  });
  const vectors = await embeddings.embedDocuments(["red", "blue"]);
  expect(vectors.map(({ length }) => length)).toEqual([8, 8]);
});
