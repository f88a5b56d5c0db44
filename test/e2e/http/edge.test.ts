import { once } from "node:events";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";

const page = "https://app.example.com";
const body = JSON.stringify({
  model: "simulator/gpt:first-token-0:pace-0",
  messages: [{ role: "user", content: "Write 2000 words" }],
});
const json = { "content-type": "application/json" };

async function withPage(origins: readonly string[]): Promise<TestGateway> {
  return TestGateway.start({ providers: { simulator: {} }, server: { cors: { origins, maxAge: "60s" } } });
}

test("a page that may call is told so before and with the answer, over every protocol of browsers", async () => {
  await using gateway = await withPage([page]);
  for (const path of ["/v1/chat/completions", "/llmhub.v1.CompletionService/Complete"]) {
    const asked = await fetch(gateway.url + path, {
      method: "OPTIONS",
      headers: {
        origin: page,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,connect-protocol-version",
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe(page);
    expect(asked.headers.get("access-control-allow-headers")).toContain("connect-protocol-version");
    expect(asked.headers.get("access-control-max-age")).toBe("60");
    const answer = await fetch(gateway.url + path, {
      method: "POST",
      headers: { ...json, origin: page },
      body: path.startsWith("/v1") ? body : '{"input":"hi"}',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe(page);
    expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  }
});

test("an origin is the same however the configuration writes it", async () => {
  await using gateway = await withPage(["https://App.Example.com:443"]);
  const answer = await fetch(`${gateway.url}/v1/models`, { headers: { origin: page } });
  expect(answer.headers.get("access-control-allow-origin")).toBe(page);
});

test("other pages are told nothing", async () => {
  await using gateway = await withPage([page]);
  const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
  const asked = await fetch(`${gateway.url}/v1/chat/completions`, { method: "OPTIONS", headers });
  expect(asked.status).toBe(403);
  expect(asked.headers.get("access-control-allow-origin")).toBeNull();
  await using closed = await TestGateway.start({ providers: { simulator: {} } });
  const refused = await fetch(`${closed.url}/v1/chat/completions`, {
    method: "OPTIONS",
    headers: { origin: page, "access-control-request-method": "POST" },
  });
  expect(refused.headers.get("access-control-allow-origin")).toBeNull();
});

test("without keys, pages of other names than this machine's may not call, whatever their name leads to", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const ask = (origin: string, path: string, sent: string) =>
    fetch(gateway.url + path, { method: "POST", headers: { ...json, origin }, body: sent });
  for (const [path, sent] of [
    ["/v1/chat/completions", body.replace("2000", "3")],
    ["/llmhub.v1.CompletionService/Complete", '{"input":"hi"}'],
  ] as const) {
    expect((await ask("http://evil.example:4000", path, sent)).status).toBe(403);
    expect((await ask("http://localhost:3000", path, sent)).status).toBe(200);
  }
});

test("an origin that is none is refused when the configuration is read", async () => {
  await expect(withPage(["app.example.com/path"])).rejects.toThrow(/server\.cors\.origins\[0\]: must be an origin/);
});

test("long answers are compressed for those who read that", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const ask = (accepted: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { ...json, "accept-encoding": accepted },
      body,
    });
  const [packed, plain] = await Promise.all([ask("gzip"), ask("identity")]);
  expect([packed.headers.get("content-encoding"), plain.headers.get("content-encoding")]).toEqual(["gzip", null]);
  const [one, other] = (await Promise.all([packed.json(), plain.json()])) as { readonly choices: object }[];
  expect(one?.choices).toEqual(other?.choices);
  expect(plain.headers.get("x-content-type-options")).toBe("nosniff");
  expect(plain.headers.get("cache-control")).toBe("no-store");
});

test("an answer that is compressed for one page is not kept for another", async () => {
  await using gateway = await withPage([page]);
  const response = await fetch(`${gateway.url}/openapi.json`, { headers: { origin: page, "accept-encoding": "gzip" } });
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(response.headers.get("vary")).toBe("origin, accept-encoding");
});

test("bytes that are no UTF-8 are refused rather than read as something else", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const refused = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: json,
    body: Buffer.from(body.replace("Write", "Gr\u00fc\u00df"), "latin1"),
  });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining("UTF-8") } });
});

test("what is not served says so in the words of the client", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(gateway.url + path, { method, headers: { "x-request-id": "r-1", ...headers } });
    expect(response.headers.get("x-request-id")).toBe("r-1");
    return { status: response.status, body: await response.json() };
  };
  const invalid = { type: "invalid_request_error" };
  expect(await ask("POST", "/v1/images/generations")).toMatchObject({ status: 404, body: { error: invalid } });
  expect(await ask("GET", "/v1/files", { "anthropic-version": "2023-06-01" })).toMatchObject({
    status: 404,
    body: { type: "error", error: { type: "not_found_error" }, request_id: "r-1" },
  });
  expect(await ask("GET", "/v1/chat/completions")).toMatchObject({ status: 405, body: { error: invalid } });
});

test("errors that no repeat mends tell the SDKs so", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  const ask = async (words: string) => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: json,
      body: body.replace("simulator/gpt", `simulator/gpt:${words}`),
    });
    await response.text();
    return [response.status, response.headers.get("x-should-retry"), response.headers.has("retry-after")];
  };
  expect(await ask("401")).toEqual([503, "false", false]);
  expect(await ask("500")).toEqual([503, null, true]);
});

test("a port of its own takes the same calls, over HTTP/1.1 and HTTP/2", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    server: { httpListen: "127.0.0.1:0" },
  });
  const url = `http://${gateway.gateway.httpAddress}`;
  expect(url).not.toBe(gateway.url);
  expect((await fetch(`${url}/v1/models`)).status).toBe(200);
  const session = connect(url);
  const stream = session.request({ ":method": "POST", ":path": "/v1/chat/completions", ...json });
  stream.end(body.replace("2000", "3"));
  let text = "";
  for await (const piece of stream) text += piece;
  expect(JSON.parse(text)).toHaveProperty("object", "chat.completion");
  session.close();
});

test("a body that is too large is refused before it is read", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    server: { limits: { requestBytesMax: 2048 } },
  });
  const ask = (sent: RequestInit) => fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", ...sent });
  const announced = await ask({ headers: json, body: JSON.stringify({ pad: "x".repeat(4096) }) });
  const chunks = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 4; i++) controller.enqueue(new TextEncoder().encode("x".repeat(1024)));
      controller.close();
    },
  });
  const streamed = await ask({ headers: json, body: chunks, duplex: "half" } as RequestInit);
  for (const response of [announced, streamed]) {
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", reason: "PAYLOAD_TOO_LARGE" },
    });
  }
  const typeless = await ask({ headers: { "content-type": "text/plain" }, body: "{}" });
  expect(typeless.status).toBe(400);
  const compressed = await ask({ headers: { ...json, "content-encoding": "gzip" }, body: "{}" });
  expect(compressed.status).toBe(400);
});

test("two different keys are refused", async () => {
  await using gateway = await TestGateway.start({
    providers: { simulator: {} },
    auth: { mode: "keys", keys: [{ id: "a", sha256: "0".repeat(64) }] },
  });
  const refused = await fetch(`${gateway.url}/v1/models`, {
    headers: { authorization: "Bearer lh_a", "x-api-key": "lh_b" },
  });
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({
    error: { code: "invalid_api_key", message: expect.stringContaining("two different") },
  });
});

test("a body that does not come in time is an answer, over HTTP/2, too", async () => {
  const server = { limits: { bodyTimeout: "50ms" } };
  await using gateway = await TestGateway.start({ providers: { simulator: {} }, server });
  const session = connect(gateway.url);
  const asked = session.request({ ":method": "POST", ":path": "/v1/chat/completions", ...json });
  asked.write(body.slice(0, 20));
  const [headers] = (await once(asked, "response")) as [IncomingHttpHeaders];
  expect(headers[":status"]).toBe(504);
  expect(await text(asked)).toContain("the request did not arrive within 50 ms");
  session.destroy();
});
