import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  tool,
} from "ai";
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
const compatible = (baseURL: string) =>
  createOpenAICompatible({ name: "hub", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true });
const clients = {
  "openai-compatible": (model: string, baseURL = stage.baseURL) => compatible(baseURL)(model),
  anthropic: (model: string, baseURL = stage.baseURL) => createAnthropic({ baseURL, apiKey })(model),
};

const city = jsonSchema<{ city: string }>({
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
});
const person = jsonSchema<{ name: string; age: number }>({
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
});
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const cases = Object.entries(clients).flatMap(([name, client]) =>
  models.map((model) => [`${name}, ${model}`, model, client] as const),
);

describe.each(cases)("%s", (_name, id, client) => {
  const asked = (words = "") => ({
    model: client(words === "" ? id : `${id}:${words}`),
    maxRetries: 0,
    maxOutputTokens: 500,
  });

  test("answers, and streams the same text with the same usage", async () => {
    const whole = await generateText({ ...asked(), instructions: "Be brief", prompt: "Write 12 words" });
    expect(whole.text.split(" ")).toHaveLength(12);
    expect(whole.finishReason).toBe("stop");
    expect(whole.response.modelId).toBe(id);
    const stream = streamText({ ...asked(), instructions: "Be brief", prompt: "Write 12 words" });
    let text = "";
    let pieces = 0;
    for await (const piece of stream.textStream) {
      text += piece;
      pieces += 1;
    }
    expect(text).toBe(whole.text);
    expect(pieces).toBeGreaterThan(1);
    expect(await stream.finishReason).toBe("stop");
    const { inputTokens, outputTokens } = await stream.usage;
    expect([inputTokens, outputTokens]).toEqual([whole.usage.inputTokens, whole.usage.outputTokens]);
    expect(inputTokens).toBeGreaterThan(0);
    expect(outputTokens).toBeGreaterThan(0);
  });

  test("runs several tools at once, and goes on with their results", async () => {
    const ran: string[] = [];
    const noting = (name: string) =>
      tool({
        description: `${name} of a city`,
        inputSchema: city,
        execute: async (input) => {
          ran.push(`${name} ${typeof input.city}`);
          return { [name]: "fine" };
        },
      });
    const loop = {
      tools: { get_weather: noting("weather"), get_time: noting("time") },
      prompt: "Weather and time in Paris?",
      stopWhen: isStepCount(2),
      prepareStep: ({ stepNumber }: { stepNumber: number }) => ({
        toolChoice: stepNumber === 0 ? ("required" as const) : ("auto" as const),
      }),
    };
    const whole = await generateText({ ...asked(), ...loop });
    const streamed = streamText({ ...asked(), ...loop });
    for (const steps of [whole.steps, await streamed.steps]) {
      expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
      expect(steps[0]?.toolCalls.map(({ toolName }) => toolName)).toEqual(["get_weather", "get_time"]);
      expect(steps[1]?.text).not.toBe("");
    }
    expect(ran).toEqual(["weather string", "time string", "weather string", "time string"]);
  });

  test("keeps to a schema, whole and streamed", async () => {
    const shaped = { prompt: "A person", output: Output.object({ schema: person }) };
    const kind = { name: expect.any(String), age: expect.any(Number) };
    expect((await generateText({ ...asked(), ...shaped })).output).toEqual(kind);
    const stream = streamText({ ...asked(), ...shaped });
    expect(await stream.output).toEqual(kind);
  });

  test("takes pictures", async () => {
    const messages: ModelMessage[] = [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "file", mediaType: "image/png", data: pixel },
        ],
      },
    ];
    expect((await generateText({ ...asked(), messages })).text).toMatch(/image/i);
  });

  test.each([
    ["429", 429, true],
    ["500", 503, true],
    ["context-length", 400, false],
    ["401", 503, true],
  ])("a provider that fails by %s is an APICallError", async (words, status, isRetryable) => {
    const failed = generateText({ ...asked(words), prompt: "hi" });
    const error = await failed.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: status, isRetryable, message: expect.stringMatching(/\w+ \w+/) });
    const told: unknown[] = [];
    const stream = streamText({ ...asked(words), prompt: "hi", onError: ({ error }) => void told.push(error) });
    await stream.consumeStream();
    expect(told).toEqual([expect.objectContaining({ statusCode: status })]);
  });

  test("a stream that breaks in the midst is an error, never a clean end", async () => {
    const stream = streamText({ ...asked("truncate"), prompt: "Write 40 words", onError: () => undefined });
    const parts: string[] = [];
    let text = "";
    for await (const part of stream.stream) {
      parts.push(part.type);
      if (part.type === "text-delta") text += part.text;
    }
    expect(parts).toContain("error");
    expect(text).not.toBe("");
  });
});

describe.each(Object.entries(clients))("%s", (_name, client) => {
  test.each([chat, anthropic])("a client that aborts a stream closes the upstream, $kind", async (dialect) => {
    await using stage = await halting(dialect);
    const leaving = new AbortController();
    const { textStream } = streamText({
      model: client("up/m-1", stage.baseURL),
      prompt: "hi",
      abortSignal: leaving.signal,
      onError: () => undefined,
    });
    let text = "";
    for await (const piece of textStream) {
      text += piece;
      leaving.abort();
    }
    expect(text).toBe("Hello");
    await stage.upstream.closed();
    await expect.poll(() => stage.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  });
});

/** A conversation of two turns with thought in it, and what its second request said. */
async function thoughtful(
  create: (settings: { baseURL: string; apiKey: string; fetch: typeof fetch }) => LanguageModel,
) {
  const sent: { body: string; warnings: string | null }[] = [];
  const recording: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    sent.push({ body: String(init?.body), warnings: response.headers.get("x-llmhub-warnings") });
    return response;
  };
  const options = {
    model: create({ baseURL: stage.baseURL, apiKey, fetch: recording }),
    maxRetries: 0,
    providerOptions: {
      hub: { reasoningEffort: "low" },
      anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } },
    },
  };
  const asked: ModelMessage = { role: "user", content: "Write 5 words" };
  const first = await generateText({ ...options, messages: [asked] });
  expect(first.reasoningText).toMatch(/\w/);
  const streamed = streamText({ ...options, messages: [asked] });
  expect(await streamed.reasoningText).toBe(first.reasoningText);
  const next = await generateText({
    ...options,
    messages: [asked, ...(await streamed.responseMessages), { role: "user", content: "Write 6 words" }],
  });
  expect(next.finishReason).toBe("stop");
  return sent[2];
}

test("Anthropic's thinking goes back with the signature that it came with", async () => {
  const last = await thoughtful((settings) => createAnthropic(settings)("anthropic/claude-sonnet-4-5"));
  const { messages } = JSON.parse(last?.body ?? "");
  expect(messages[1].content.map(({ type }: { type: string }) => type)).toEqual(["thinking", "text"]);
  expect(messages[1].content[0].signature).toMatch(/^llmhub\./);
  expect(last?.warnings).toBeNull();
});

test("reasoning that a client gives back without its signature is left out, and told of", async () => {
  const last = await thoughtful((settings) => {
    const provider = createOpenAICompatible({ name: "hub", ...settings });
    return provider("anthropic/claude-sonnet-4-5");
  });
  expect(JSON.parse(last?.body ?? "").messages[1]).toHaveProperty("reasoning_content");
  expect(last?.warnings).toMatch(/messages\[1\]/);
});

test("embeds several texts", async () => {
  const model = compatible(stage.baseURL).embeddingModel("openai/text-embedding-3-small");
  const { embeddings, usage } = await embedMany({ model, values: ["red", "blue"], maxRetries: 0 });
  expect(embeddings.map(({ length }) => length)).toEqual([8, 8]);
  expect(usage.tokens).toBeGreaterThan(0);
});
