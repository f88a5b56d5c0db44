import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { events, post, type Reading, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const said = (text: string) => ({ contents: [{ role: "user", parts: [{ text }] }] });
const send = (operation: string, body: object, model = "gemini") =>
  post(simulator, `/v1beta/models/${model}:${operation}`, body);
const ask = async (body: object, model?: string) => JSON.parse((await send("generateContent", body, model)).text);
const stream = async (body: object, model?: string) =>
  events((await send("streamGenerateContent?alt=sse", body, model)).text) as Streamed;
const errorOf = ({ text }: Reading) => JSON.parse(text).error;

type Streamed = {
  candidates?: { content: { parts?: { text?: string; thought?: boolean }[] }; finishReason?: string }[];
  error?: object;
}[];
const textOf = (pieces: Streamed, isThought = false) =>
  pieces
    .flatMap(({ candidates }) => candidates?.[0]?.content.parts ?? [])
    .filter(({ thought = false }) => thought === isThought)
    .map(({ text = "" }) => text)
    .join("");

const weather = {
  functionDeclarations: [
    {
      name: "get_weather",
      parameters: { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] },
    },
  ],
};

test("a whole answer carries every field of the provider", async () => {
  expect(await ask(said("count to 3"))).toEqual({
    candidates: [{ content: { parts: [{ text: "1, 2, 3." }], role: "model" }, finishReason: "STOP", index: 0 }],
    usageMetadata: {
      promptTokenCount: expect.any(Number),
      candidatesTokenCount: 3,
      totalTokenCount: expect.any(Number),
      promptTokensDetails: [{ modality: "TEXT", tokenCount: expect.any(Number) }],
      serviceTier: "standard",
    },
    modelVersion: "gemini",
    responseId: expect.stringMatching(/^\w{23}$/),
  });
});

test("a stream has events with CRLF, thoughts, a signature, and its reason in the last", async () => {
  const body = {
    ...said("count to 3"),
    generationConfig: {
      thinkingConfig: { includeThoughts: true, thinkingBudget: 5 },
      responseLogprobs: true,
      logprobs: 2,
    },
  };
  const reading = await send("streamGenerateContent?alt=sse", body);
  expect(reading.headers.get("content-type")).toBe("text/event-stream");
  expect(reading.text).toContain("}\r\n\r\n");
  const pieces = events(reading.text) as Streamed;
  expect(textOf(pieces)).toBe("1, 2, 3.");
  expect(textOf(pieces, true)).toContain("count to 3".slice(0, 5));
  expect(pieces.filter(({ candidates }) => candidates?.[0]?.finishReason !== undefined)).toHaveLength(1);
  expect(pieces.at(-1)).toMatchObject({
    candidates: [{ content: { parts: [{ text: "", thoughtSignature: expect.any(String) }] }, finishReason: "STOP" }],
    usageMetadata: { thoughtsTokenCount: 5, candidatesTokenCount: 3 },
  });
  expect(reading.text).toContain('"topCandidates":[{"candidates":[{');
});

describe("tools", () => {
  test("are called with objects, and answered", async () => {
    const body = { ...said("What is the weather in Paris?"), tools: [weather] };
    const { candidates } = await ask(body);
    const [{ content, finishReason }] = candidates;
    const call = { name: "get_weather", args: { city: "Paris" }, id: expect.stringMatching(/^[0-9a-z]{8}$/) };
    expect([content.parts, finishReason]).toEqual([[{ functionCall: call }], "STOP"]);
    const functionResponse = { name: "get_weather", response: { output: "20 degrees" } };
    const contents = [...body.contents, content, { role: "user", parts: [{ functionResponse }] }];
    expect(JSON.stringify(await ask({ ...body, contents }))).toContain("20 degrees");
  });

  test("are demanded by name, or refused", async () => {
    const mode = (config: object) => ({
      ...said("hello"),
      tools: [weather],
      toolConfig: { functionCallingConfig: config },
    });
    const named = await ask(mode({ mode: "ANY", allowedFunctionNames: ["get_weather"] }));
    expect(named.candidates[0].content.parts[0].functionCall.name).toBe("get_weather");
    const none = await ask({ ...mode({ mode: "NONE" }), ...said("weather in Paris") });
    expect(none.candidates[0].content.parts[0].functionCall).toBeUndefined();
  });
});

test("the form of the answer and its bounds are kept", async () => {
  const schema = { type: "OBJECT", properties: { n: { type: "INTEGER" } }, required: ["n"] };
  const json = { responseMimeType: "application/json", responseSchema: schema };
  const answer = await ask({ ...said("count to 3"), generationConfig: json });
  expect(JSON.parse(answer.candidates[0].content.parts[0].text)).toEqual({ n: 3 });
  const cut = await ask({ ...said("count to 9"), generationConfig: { maxOutputTokens: 1 } });
  expect(cut.candidates[0].finishReason).toBe("MAX_TOKENS");
});

test("tokens are counted, models listed", async () => {
  const counted = await send("countTokens", { generateContentRequest: said("count to 3") });
  const { usageMetadata } = await ask(said("count to 3"));
  expect(JSON.parse(counted.text).totalTokens).toBe(usageMetadata.promptTokenCount);
  const list = await (await fetch(`${simulator.url}/v1beta/models`)).json();
  expect(list).toMatchObject({ models: [{ name: "models/gemini" }, { name: "models/gemini:quota" }] });
});

test("vectors come in the form that was asked in", async () => {
  const content = { parts: [{ text: "a" }] };
  const batch = await send("batchEmbedContents", { requests: [{ content, outputDimensionality: 3 }, { content }] });
  const { embeddings } = JSON.parse(batch.text);
  expect([embeddings.length, embeddings[0].values.length]).toEqual([2, 3]);
  const predicted = await send("predict", { instances: [{ content: "a" }], parameters: { outputDimensionality: 3 } });
  expect(JSON.parse(predicted.text).predictions[0].embeddings).toMatchObject({
    values: embeddings[0].values,
    statistics: { token_count: 1 },
  });
  const one = await send("embedContent", { content, embedContentConfig: { outputDimensionality: 3 } });
  expect(JSON.parse(one.text).embedding).toEqual(embeddings[0]);
});

describe("failures", () => {
  test.each([
    ["gemini:404", 404, "NOT_FOUND"],
    ["gemini:503", 503, "UNAVAILABLE"],
    ["gemini:429", 429, "RESOURCE_EXHAUSTED"],
    ["gemini:quota", 429, "RESOURCE_EXHAUSTED"],
    ["gemini:context-length", 400, "INVALID_ARGUMENT"],
    ["gemini:418", 418, "INVALID_ARGUMENT"],
  ])("%s is in the provider's words", async (model, code, status) => {
    const reading = await send("generateContent", said("x"), model);
    expect(reading.status).toBe(code);
    expect(errorOf(reading)).toMatchObject({ code, status, message: expect.any(String) });
  });

  test("within a stream, an end without a reason, and a refusal", async () => {
    expect((await stream(said("count to 9"), "gemini:error-mid")).at(-1)?.error).toMatchObject({
      status: "UNAVAILABLE",
    });
    const cut = await stream(said("count to 9"), "gemini:truncate");
    expect(cut.some(({ candidates }) => candidates?.[0]?.finishReason !== undefined)).toBe(false);
    expect((await ask(said("x"), "gemini:refusal")).candidates[0]).toMatchObject({
      content: {},
      finishReason: "SAFETY",
    });
  });

  test.each([
    [{}, "contents is not specified"],
    [{ contents: [{ role: "system", parts: [] }] }, "valid role"],
    [{ ...said("x"), generationConfig: { maxOutputTokens: 0 } }, "max_output_tokens"],
    [{ ...said("x"), generationConfig: { stopSequences: ["1", "2", "3", "4", "5", "6"] } }, "stop_sequences"],
    [
      {
        contents: [
          { role: "model", parts: [{ functionCall: { name: "f" } }] },
          { role: "user", parts: [{ text: "x" }] },
        ],
      },
      "number of function response parts",
    ],
  ])("%j is refused", async (body, message) => {
    const reading = await send("generateContent", body);
    expect([reading.status, errorOf(reading).message]).toEqual([400, expect.stringContaining(message)]);
  });

  test("of a key", async () => {
    const guarded = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret: "s" });
    try {
      const path = "/v1beta/models/gemini:generateContent";
      const statusOf = async (query: string, headers: Record<string, string>) =>
        (await post(guarded, path + query, said("hi"), headers)).status;
      expect(await statusOf("", {})).toBe(403);
      const wrong = await post(guarded, path, said("hi"), { "x-goog-api-key": "x" });
      expect([wrong.status, errorOf(wrong).details[0].reason]).toEqual([400, "API_KEY_INVALID"]);
      expect(await statusOf("", { "x-goog-api-key": "s" })).toBe(200);
      expect(await statusOf("?key=s", {})).toBe(200);
      expect(await statusOf("", { authorization: "Bearer s" })).toBe(200);
    } finally {
      await guarded.close();
    }
  });
});

describe("Claude on Vertex AI", () => {
  const path = "/v1/publishers/anthropic/models/claude-sonnet-4-5@20250929";
  const body = {
    anthropic_version: "vertex-2023-10-16",
    max_tokens: 20,
    messages: [{ role: "user", content: "count to 3" }],
  };

  test("has its model in the path and its version in the body", async () => {
    const whole = JSON.parse((await post(simulator, `${path}:rawPredict`, body)).text);
    expect(whole).toMatchObject({ model: "claude-sonnet-4-5@20250929", content: [{ text: "1, 2, 3." }] });
    expect((await post(simulator, `${path}:streamRawPredict`, body)).text).toContain("event: message_stop");
    const { anthropic_version: _, ...unversioned } = body;
    expect((await post(simulator, `${path}:rawPredict`, unversioned)).status).toBe(400);
  });

  test("counts the tokens of the model in the body", async () => {
    const counting = { ...body, model: "claude" };
    const { text } = await post(simulator, "/v1/publishers/anthropic/models/count-tokens:rawPredict", counting);
    expect(JSON.parse(text)).toEqual({ input_tokens: expect.any(Number) });
  });
});
