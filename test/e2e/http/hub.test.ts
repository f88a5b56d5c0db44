import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, providerAt } from "../faults/dialects.ts";
import { eventsIn } from "./sse.ts";

const json = { "content-type": "application/json" };

/** An answer, or an error. */
interface Told {
  readonly message: { readonly content: readonly { readonly text: string }[] };
  readonly code?: string;
}

/** A gateway with the simulator behind it. */
async function simulated(): Promise<TestGateway> {
  return TestGateway.start({ providers: { simulator: {} }, models: { default: "simulator/echo" } });
}

async function post(gateway: TestGateway, path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(gateway.url + path, { method: "POST", headers: { ...json, ...headers }, body: text });
}

test("a completion in the hub's own JSON is the ProtoJSON of the gRPC answer", async () => {
  await using gateway = await simulated();
  const response = await post(gateway, "/v1/completions", { input: "Say hi" });
  expect(response.status).toBe(200);
  expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  const told = (await response.json()) as Told;
  const called = await gateway.complete({ input: "Say hi" });
  expect(told).toMatchObject({ finishReason: "FINISH_REASON_STOP", routing: { provider: "simulator" } });
  expect(told.message.content[0]?.text).toBe(called.message?.content[0]?.part.value);
});

test("a stream is the numbered events of the gRPC stream", async () => {
  await using gateway = await simulated();
  for (const body of [{ input: "Say hi" }, { request: { input: "Say hi" }, options: { heartbeatInterval: "5s" } }]) {
    const response = await post(gateway, "/v1/stream", body);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const { events } = eventsIn(await response.text());
    const parsed = events.map(({ data }) => JSON.parse(data));
    expect(events.map(({ id }) => Number(id))).toEqual(parsed.map(({ sequence }) => sequence));
    expect(parsed[0]).toHaveProperty("started.resumeToken");
    expect(parsed.at(-1)).toHaveProperty("finished.finishReason", "FINISH_REASON_STOP");
  }
});

test.each([
  ["OpenAI's prompt completions", "/v1/completions", { model: "m", prompt: "hi" }, /chat\/completions/],
  ["an unknown field", "/v1/completions", { input: "hi", temprature: 1 }, /no field temprature/],
  ["a rule that is broken", "/v1/completions", { input: "hi", temperature: 3 }, /temperature/],
  ["a field that stands twice", "/v1/completions", '{"input":"a","input":"b"}', /input twice/],
  ["no JSON", "/v1/completions", "{", /not JSON/],
  ["nothing to answer", "/v1/stream", {}, /messages or input/],
])("%s is refused with 400 and told of once", async (_what, path, body, message) => {
  await using gateway = await simulated();
  const response = await post(gateway, path, body);
  expect(response.status).toBe(400);
  const told = (await response.json()) as Told;
  expect(told.code).toBe("invalid_argument");
  expect(told.message).toMatch(message);
  expect(await gateway.metric("rejected_calls_total", { reason: "INVALID_REQUEST" })).toBe(1);
});

test("a method that a path does not take is 405, and a path of nobody is left to the other protocols", async () => {
  await using gateway = await simulated();
  const wrong = await fetch(`${gateway.url}/v1/completions`);
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  expect((await fetch(`${gateway.url}/v1/nothing`)).status).toBe(404);
});

test("probes need no key; everything else does", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    auth: { mode: "keys", keys: [{ id: "a", sha256: "0".repeat(64) }] },
  });
  for (const path of ["/live", "/ready", "/health"]) expect((await fetch(gateway.url + path)).status).toBe(200);
  const refused = await fetch(`${gateway.url}/v1/providers`);
  const told = (await refused.json()) as Told;
  expect([refused.status, told.code]).toEqual([401, "unauthenticated"]);
});

test("a stream that breaks in the midst ends with an event that says so", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(chat.preamble + chat.text("Hel"));
    connection.socket.end();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  const response = await post(gateway, "/v1/stream", { model: "up/m", input: "hi" });
  const { events } = eventsIn(await response.text());
  expect(events.at(-1)?.event).toBe("error");
  expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ code: "unavailable" });
});

test("a caller that leaves closes the upstream", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(chat.preamble + chat.text("Hel"));
    await connection.closed;
  });
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind),
  });
  const leaving = new AbortController();
  const response = await fetch(`${gateway.url}/v1/stream`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ model: "up/m", input: "hi" }),
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  leaving.abort();
  await upstream.closed();
});
