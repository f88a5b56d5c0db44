import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RequestSigner } from "../../src/credentials/sigv4.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { EventStreamParser } from "../../src/stream/event-stream.ts";
import { post, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const nova = "/model/amazon.nova-lite-v1%3A0";
const user = (...content: object[]) => ({ role: "user", content });
const weather = {
  toolSpec: {
    name: "get_weather",
    inputSchema: { json: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
  },
};
const ask = async (body: object, path = `${nova}/converse`) => {
  const { status, headers, text } = await post(simulator, path, { messages: [user({ text: "count to 3" })], ...body });
  return { status, type: headers.get("x-amzn-errortype")?.split(":")[0], body: JSON.parse(text) };
};

/** The events of a stream: their type and what they say without the padding. */
async function stream(body: object, path = `${nova}/converse-stream`): Promise<[string, object][]> {
  const response = await fetch(simulator.url + path, { method: "POST", body: JSON.stringify(body) });
  expect(response.headers.get("content-type")).toBe("application/vnd.amazon.eventstream");
  const events: [string, object][] = [];
  const parser = new EventStreamParser({
    message: (headers, payload) => {
      const { p: _padding, ...said } = JSON.parse(payload.toString());
      events.push([String(headers.get(":event-type") ?? headers.get(":exception-type")), said]);
    },
  });
  parser.push(Buffer.from(await response.arrayBuffer()));
  parser.end();
  return events;
}

describe("answers", () => {
  test("in one body", async () => {
    expect((await ask({})).body).toEqual({
      metrics: { latencyMs: 1 },
      output: { message: { role: "assistant", content: [{ text: "1, 2, 3." }] } },
      stopReason: "end_turn",
      usage: { inputTokens: expect.any(Number), outputTokens: 3, totalTokens: expect.any(Number) },
    });
  });

  test("in events, of which only calls of tools are announced", async () => {
    const messages = [user({ text: "What is the weather in Paris?" })];
    const events = await stream({ messages, toolConfig: { tools: [weather] } });
    const types = events.map(([type]) => type).filter((type, i, all) => type !== all[i - 1]);
    expect(types).toEqual([
      "messageStart",
      "contentBlockDelta",
      "contentBlockStop",
      "contentBlockStart",
      "contentBlockDelta",
      "contentBlockStop",
      "messageStop",
      "metadata",
    ]);
    const inputs = events.flatMap(([, said]) => Object(Object(said)["delta"])["toolUse"]?.input ?? []);
    expect(JSON.parse(inputs.join(""))).toEqual({ city: "Paris" });
    expect(events.at(-2)).toEqual(["messageStop", { stopReason: "tool_use" }]);
  });

  test("with reasoning in each vendor's way, signed", async () => {
    for (const more of [
      { thinking: { type: "enabled", budget_tokens: 2000 } },
      { reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } },
      { reasoning_effort: "low" },
    ]) {
      const { body } = await ask({ additionalModelRequestFields: more });
      const { reasoningText } = body.output.message.content[0].reasoningContent;
      expect(reasoningText.text).toMatch(/^The user wrote/);
      expect(reasoningText.signature).toMatch(/^[A-Za-z0-9+/=]{20,}$/);
    }
  });

  test("with JSON for a schema, and with results of tools", async () => {
    const schema = '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}';
    const outputConfig = { textFormat: { type: "json_schema", structure: { jsonSchema: { schema } } } };
    expect(JSON.parse((await ask({ outputConfig })).body.output.message.content[0].text)).toEqual({ n: 3 });
    const use = { toolUse: { toolUseId: "t1", name: "get_weather", input: {} } };
    const result = { toolResult: { toolUseId: "t1", content: [{ json: { sky: "clear" } }, { text: "mild" }] } };
    const messages = [user({ text: "a" }), { role: "assistant", content: [use] }, user(result)];
    const { body } = await ask({ messages, toolConfig: { tools: [weather] } });
    expect(body.output.message.content[0].text).toBe('According to get_weather: {"sky":"clear"}\nmild');
  });

  test("with what stopped it, if that is asked for", async () => {
    const stop = { inferenceConfig: { stopSequences: ["2"] } };
    expect((await ask(stop)).body).toMatchObject({ stopReason: "stop_sequence" });
    const paths = { additionalModelResponseFieldPaths: ["/stop_sequence"] };
    expect((await ask({ ...stop, ...paths })).body.additionalModelResponseFields).toEqual({ stop_sequence: "2" });
    expect((await ask({ inferenceConfig: { maxTokens: 1 } })).body.stopReason).toBe("max_tokens");
  });

  test("with a count", async () => {
    const conversation = { messages: [user({ text: "count to 3" })] };
    const count = (input: object) => ask({ input }, `${nova}/count-tokens`);
    expect((await count({ converse: conversation })).body).toEqual({ inputTokens: expect.any(Number) });
    const body = Buffer.from("{}").toString("base64");
    expect((await count({ invokeModel: { body } })).body).toEqual({ inputTokens: expect.any(Number) });
  });
});

describe("refuses", () => {
  const use = { toolUse: { toolUseId: "t1", name: "f", input: {} } };
  const result = { toolResult: { toolUseId: "t2", content: [] } };
  test.each([
    ["no messages", { messages: [] }, /at least one message/],
    ["no content", { messages: [user()] }, /messages\.0 is empty/],
    ["blank text", { messages: [user({ text: " " })] }, /messages\.0\.content\.0 is blank/],
    ["the same role twice", { messages: [user({ text: "a" }), user({ text: "b" })] }, /alternate/],
    ["calls without tools", { messages: [user({ text: "a" }), { role: "assistant", content: [use] }] }, /toolConfig/],
    [
      "a result of no call",
      { messages: [user({ text: "a" }), { role: "assistant", content: [use] }, user(result)] },
      /exceeds the number of toolUse/,
    ],
    [
      "a schema that is no JSON",
      { outputConfig: { textFormat: { structure: { jsonSchema: { schema: "{" } } } } },
      /not valid JSON/,
    ],
  ])("%s", async (_name, body, message) => {
    const answer = await ask(body);
    expect([answer.status, answer.type]).toEqual([400, "ValidationException"]);
    expect(answer.body.message).toMatch(message);
  });

  test.each([
    ["429", 429, "ThrottlingException"],
    ["424", 424, "ModelErrorException"],
    ["418", 418, "ValidationException"],
    ["504", 504, "InternalServerException"],
  ])("by the scenario word %s behind a versioned name", async (word, status, type) => {
    expect(await ask({}, `${nova}%3A${word}/converse`)).toMatchObject({ status, type });
  });

  test("half-way, by an exception", async () => {
    const events = await stream({ messages: [user({ text: "count to 9" })] }, `${nova}%3Aerror-mid/converse-stream`);
    expect(events.at(-1)?.[0]).toBe("internalServerException");
    expect(events.map(([type]) => type)).toContain("contentBlockDelta");
  });
});

test("InvokeModel speaks Anthropic's format, with its events as bytes", async () => {
  const claude = "/prefix/model/anthropic.claude-3-haiku-20240307-v1%3A0";
  const body = {
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 9,
    messages: [{ role: "user", content: "count to 3" }],
  };
  expect((await ask(body, `${claude}/invoke`)).body).toMatchObject({
    type: "message",
    content: [{ text: "1, 2, 3." }],
  });
  const events = await stream(body, `${claude}/invoke-with-response-stream`);
  const last = JSON.parse(Buffer.from(Object(events.at(-1)?.[1])["bytes"], "base64").toString());
  expect(last).toMatchObject({ type: "message_stop", "amazon-bedrock-invocationMetrics": { outputTokenCount: 3 } });
  const { status, body: refusal } = await ask({ messages: body.messages, max_tokens: 9 }, `${claude}/invoke`);
  expect([status, refusal.message]).toEqual([400, expect.stringContaining("anthropic-version")]);
});

describe("with a secret", () => {
  const nowMs = 1_700_000_000_000;
  const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "s3cret" };
  const body = JSON.stringify({ messages: [user({ text: "hi" })] });
  let guarded: Simulator;
  beforeAll(async () => {
    guarded = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret: "s3cret", now: () => nowMs });
  });
  afterAll(() => guarded.close());

  const send = async (headers: Record<string, string>, path = `${nova}/converse`, sent = body) => {
    const { headers: told, status } = await post(guarded, path, sent, headers);
    return status === 200 ? "ok" : `${status} ${told.get("x-amzn-errortype")?.split(":")[0]}`;
  };
  const signed = (service = "bedrock", atMs = nowMs, path = `${nova}/converse`): Record<string, string> => {
    const headers = { "content-type": "application/json" };
    const url = new URL(guarded.url + path);
    const proof = new RequestSigner({ region: "us-east-1", service }).sign(
      { method: "POST", url, headers, body },
      keys,
      atMs,
    );
    return { ...headers, ...proof };
  };

  test("a sound signature is taken, within five minutes of its time", async () => {
    expect(await send(signed())).toBe("ok");
    expect(await send(signed("bedrock", nowMs - 299_000))).toBe("ok");
    const odd = "/model/nova-(a)!*'~%2F%40/converse";
    expect(await send(signed("bedrock", nowMs, odd), odd)).toBe("ok");
    expect(await send(signed("bedrock", nowMs - 301_000))).toBe("403 InvalidSignatureException");
    expect(await send(signed("bedrock", nowMs + 301_000))).toBe("403 InvalidSignatureException");
  });

  test("none is missed, and one of something else is refused", async () => {
    expect(await send({})).toBe("403 MissingAuthenticationTokenException");
    expect(await send({ authorization: "AWS4-HMAC-SHA256 Credential=x" })).toBe("403 InvalidSignatureException");
    expect(await send(signed("s3"))).toBe("403 InvalidSignatureException");
    expect(await send(signed(), `${nova}/converse-stream`)).toBe("403 InvalidSignatureException");
    expect(await send(signed(), undefined, `${body} `)).toBe("403 InvalidSignatureException");
    expect(await send({ ...signed(), "x-amz-security-token": "unsigned" })).toBe("403 InvalidSignatureException");
    const { authorization = "", ...others } = signed();
    const unsigned = authorization.replace("host;", "");
    expect(await send({ ...others, authorization: unsigned })).toBe("403 InvalidSignatureException");
  });
});
