import { expect, test } from "vitest";
import {
  CacheStatus,
  Code,
  CompletionView,
  connectHub,
  FinishReason,
  functionTool,
  jsonOf,
  ModelType,
  textOf,
  toolCallsOf,
} from "../../src/client.ts";
import { failureOf, quick, TestHub } from "./hub.ts";

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test("a request that is built and one that is written down get the same answer, with routing, tokens and cost", async () => {
  await using stage = await TestHub.start();
  const { hub } = stage;
  const built = await hub.complete().model(quick).system("Be brief").user("Say hi").maxOutputTokens(20).send();
  const written = await hub.complete({ model: quick, system: "Be brief", input: "Say hi", maxOutputTokens: 20 });
  expect(textOf(built)).not.toBe("");
  expect(textOf(built)).toBe(textOf(written));
  expect(built.finishReason).toBe(FinishReason.STOP);
  expect(built.usage).toEqual(written.usage);
  expect(built.routing).toMatchObject({ provider: "simulator", attemptCount: 1, cacheStatus: CacheStatus.UNSPECIFIED });
});

test("steps leave the builder as it was", async () => {
  await using stage = await TestHub.start();
  const base = stage.hub.complete().model(quick).system("Be brief");
  const one = base.user("one");
  const two = base
    .user("two")
    .maxOutputTokens(5)
    .with({ labels: { team: "search" }, view: CompletionView.FULL });
  expect(base).not.toBe(one);
  expect(one.request()).toEqual({ model: quick, system: "Be brief", messages: [{ role: 1, text: "one" }] });
  expect(two.request()).toEqual({
    model: quick,
    system: "Be brief",
    maxOutputTokens: 5,
    labels: { team: "search" },
    view: CompletionView.FULL,
    messages: [{ role: 1, text: "two" }],
  });
  const { routing } = await two.send();
  expect(routing?.attempts).toHaveLength(1);
});

test("tools are called, answered and read", async () => {
  await using stage = await TestHub.start();
  const weather = functionTool({
    name: "weather",
    description: "Tells the weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  });
  const asked = stage.hub.complete().model(quick).user("How is the weather in Paris?").tools(weather);
  const answer = await asked.with({ toolChoice: { choice: { case: "toolName", value: "weather" } } }).send();
  expect(answer.finishReason).toBe(FinishReason.TOOL_CALLS);
  const [call] = toolCallsOf(answer);
  expect(call).toEqual({ id: expect.any(String), name: "weather", arguments: { city: expect.any(String) } });
  const told = await asked
    .message(answer.message)
    .toolResult(call?.id ?? "", { celsius: 21 })
    .send();
  expect(textOf(told)).not.toBe("");
});

test("JSON of a schema is asked for and read", async () => {
  await using stage = await TestHub.start();
  const schema = {
    type: "object",
    properties: { city: { type: "string" }, people: { type: "integer" } },
    required: ["city", "people"],
    additionalProperties: false,
  };
  const answer = await stage.hub.complete().model(quick).user("Name a city").json(schema).send();
  expect(jsonOf(answer)).toEqual({ city: expect.any(String), people: expect.any(Number) });
  expect(() => jsonOf({})).toThrow(/^the answer is not JSON$/);
});

test("tokens are counted, texts embedded, documents ordered, models and providers listed", async () => {
  await using stage = await TestHub.start();
  const { hub } = stage;
  const { usage } = await hub.complete().model(quick).user("Say hi").countTokens();
  expect(usage?.inputTokens).toBeGreaterThan(0);
  const { vectors } = await hub.embed({ model: "simulator/embedding", inputs: ["red", "blue"] });
  expect(vectors).toHaveLength(2);
  const { results } = await hub.rerank({ model: "simulator/rerank", query: "sky", documents: ["grass", "blue sky"] });
  expect(results[0]?.index).toBe(1);
  const models = await all(hub.models());
  const paged = await all(hub.models({ pageSize: 2 }));
  expect(paged.map(({ selector }) => selector)).toEqual(models.map(({ selector }) => selector));
  const embedding = await all(hub.models({ type: ModelType.EMBEDDING }));
  expect(embedding.length).toBeLessThan(models.length);
  expect((await hub.model("simulator/gpt")).model?.selector).toBe("simulator/gpt");
  expect(await all(hub.providers())).toMatchObject([{ providerId: "simulator" }]);
});

test("an error tells all that the gateway says, and the key in none of it", async () => {
  await using stage = await TestHub.start();
  const { hub } = stage;
  const limited = await failureOf(
    hub.complete({ model: "simulator/gpt:429:retry-after-200", input: "x" }, { timeoutMs: 10_000 }),
  );
  expect(limited).toMatchObject({
    code: Code.ResourceExhausted,
    reason: "PROVIDER_RATE_LIMITED",
    failure: { attempts: [{ provider: "simulator", upstreamStatus: 429 }] },
  });
  // Less what the call itself took since, which is no more than its time limit.
  expect(limited.retryAfterMs).toBeGreaterThanOrEqual(190_000);
  expect(limited.retryAfterMs).toBeLessThanOrEqual(200_000);
  expect(limited.requestId).not.toBe("");
  expect(JSON.parse(JSON.stringify({ limited }))).toMatchObject({
    limited: {
      name: "HubError",
      message: limited.message,
      reason: "PROVIDER_RATE_LIMITED",
      failure: { attempts: [{ provider: "simulator", upstreamStatus: 429 }] },
    },
  });
  const wrong = await failureOf(hub.complete({ model: quick, input: "x", temperature: 9 }));
  expect(wrong).toMatchObject({ code: Code.InvalidArgument, reason: "INVALID_REQUEST", retryAfterMs: undefined });
  expect(wrong.fieldViolations).toEqual([{ field: "temperature", description: expect.any(String) }]);
});

test("a key goes with each call, and what no header can carry is not quoted", async () => {
  const sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  await using stage = await TestHub.start({ auth: { mode: "keys", keys: [{ id: "one", sha256 }] } });
  const baseUrl = stage.gateway.url;
  const ask = async (apiKey?: string | (() => Promise<string>)) => {
    await using hub = connectHub({ baseUrl, apiKey });
    return await hub.complete({ model: quick, input: "Say hi" });
  };
  expect((await failureOf(ask())).reason).toBe("CREDENTIALS_MISSING");
  expect((await failureOf(ask("secret-other"))).reason).toBe("API_KEY_INVALID");
  expect(textOf(await ask("test"))).not.toBe("");
  expect(textOf(await ask(() => Promise.resolve("test")))).not.toBe("");
  const failures = [
    await failureOf(ask("secret\u{1f511}")),
    await failureOf(ask(() => Promise.reject(new Error("secret")))),
  ];
  for (const failure of failures) {
    expect(failure.code).toBe(Code.FailedPrecondition);
    expect(`${failure.stack}${JSON.stringify(failure)}${failure.cause}`).not.toContain("secret");
  }
  expect(() => connectHub({ baseUrl: "http://me:secret@hub" })).toThrow(/^baseUrl must be like/);
});

test("headers of the client and of the call are sent, and those of the answer given", async () => {
  const methods: string[] = [];
  const headers = (method: string) => {
    methods.push(method);
    return { "x-request-id": "of-client", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  };
  await using stage = await TestHub.start({}, { headers });
  const ids: (string | null)[] = [];
  const onHeader = (got: Headers) => void ids.push(got.get("x-request-id"));
  await stage.hub.complete({ model: quick, input: "x" }, { onHeader });
  await stage.hub.complete({ model: quick, input: "x" }, { onHeader, headers: { "x-request-id": "of-call" } });
  await stage.hub.stream({ model: quick, input: "x" }, { onHeader }).final();
  expect(ids).toEqual(["of-client", "of-call", "of-client"]);
  expect(methods).toEqual([
    "llmhub.v1.CompletionService/Complete",
    "llmhub.v1.CompletionService/Complete",
    "llmhub.v1.CompletionService/StreamComplete",
  ]);
});

test("a deadline and a cancel end a call, here and at the gateway", async () => {
  await using stage = await TestHub.start();
  const { hub, gateway } = stage;
  const late = await failureOf(hub.complete({ model: "simulator/gpt:stall", input: "x" }, { timeoutMs: 100 }));
  expect(late).toMatchObject({ code: Code.DeadlineExceeded, reason: "DEADLINE_EXCEEDED" });
  const controller = new AbortController();
  const cancelled = failureOf(
    hub.complete({ model: "simulator/gpt:stall", input: "x" }, { signal: controller.signal }),
  );
  while ((await gateway.metric("calls_in_flight")) === 0);
  controller.abort();
  expect(await cancelled).toMatchObject({ code: Code.Canceled, reason: "CANCELLED" });
  while ((await gateway.metric("calls_in_flight")) > 0);
  expect(await failureOf(hub.complete({ model: quick, input: "x" }, { signal: controller.signal }))).toMatchObject({
    reason: "CANCELLED",
  });
});

test("one idempotency key is one answer", async () => {
  await using stage = await TestHub.start();
  const request = { model: quick, input: "Say hi" };
  const first = await stage.hub.complete(request, { idempotencyKey: "key-1" });
  const again = await stage.hub.complete(request, { idempotencyKey: "key-1" });
  const streamed = await stage.hub.stream(request, { idempotencyKey: "key-1" }).final();
  expect([again.id, streamed.id]).toEqual([first.id, first.id]);
  expect((await stage.hub.complete(request)).id).not.toBe(first.id);
  const other = failureOf(stage.hub.complete({ ...request, input: "Say bye" }, { idempotencyKey: "key-1" }));
  expect((await other).reason).toBe("IDEMPOTENCY_KEY_REUSED");
});
