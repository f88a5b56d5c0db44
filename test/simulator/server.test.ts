import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { events, post, startFast } from "./client.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startFast();
});
afterAll(() => simulator.close());

const chat = "/v1/chat/completions";
const body = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: "user", content: "count to 20" }],
  ...more,
});
const ask = (model: string, stream = false, headers = {}) => post(simulator, chat, body(model, { stream }), headers);

async function open(to: Simulator, sent: object): Promise<IncomingMessage> {
  const outgoing = request(to.url + chat, { method: "POST" });
  // A connection lost after the headers is told here as well as by the response.
  outgoing.on("error", () => undefined);
  outgoing.end(JSON.stringify(sent));
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return incoming;
}

/** The text up to the end or the failure of a response, and the code of the failure. */
async function drain(incoming: IncomingMessage): Promise<{ text: string; code: string | undefined }> {
  let text = "";
  try {
    for await (const part of incoming) text += part;
  } catch (error) {
    return { text, code: (error as NodeJS.ErrnoException).code };
  }
  return { text, code: undefined };
}

function isComplete(text: string): boolean {
  return /DONE/.test(text) || /^\{.*\}$/s.test(text);
}

describe.each([true, false])("misbehaviour, stream %s", (stream) => {
  test("reset comes before the headers", async () => {
    await expect(open(simulator, body("gpt:reset", { stream }))).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("reset-mid comes after some of the answer", async () => {
    const { text, code } = await drain(await open(simulator, body("gpt:reset-mid", { stream })));
    expect(code).toBe("ECONNRESET");
    expect(text).toMatch(/"content":"1,/);
  });

  test("stall sends headers and nothing more, until the client leaves", async () => {
    const incoming = await open(simulator, body("gpt:stall", { stream }));
    expect(incoming.statusCode).toBe(200);
    expect(incoming.read()).toBeNull();
    incoming.destroy();
  });

  test("stall-mid sends a part, then nothing", async () => {
    const incoming = await open(simulator, body("gpt:stall-mid", { stream }));
    const [part] = (await once(incoming, "data")) as [Buffer];
    expect(part.toString()).toMatch(/"content":"1,/);
    expect(isComplete(part.toString())).toBe(false);
    incoming.destroy();
  });

  test("truncate ends cleanly without the end", async () => {
    const { text, code } = await drain(await open(simulator, body("gpt:truncate", { stream })));
    expect(code).toBeUndefined();
    expect(text).toMatch(/"content":"1,/);
    expect(isComplete(text)).toBe(false);
  });

  test("garbage, html and empty are no answers", async () => {
    const [garbage, html, empty] = await Promise.all(
      ["garbage", "html", "empty"].map((word) => ask(`gpt:${word}`, stream)),
    );
    expect([garbage?.status, html?.status, empty?.status]).toEqual([200, 200, 200]);
    expect(() => JSON.parse(garbage?.text ?? "{}")).toThrow(SyntaxError);
    expect(html?.headers.get("content-type")).toMatch(/^text\/html/);
    expect(html?.text).toMatch(/^<html>/);
    expect(empty?.text).toBe("");
  });

  test("error-first reports a failure under status 200", async () => {
    const { status, text } = await ask("gpt:error-first", stream);
    expect(status).toBe(200);
    expect(JSON.parse(text.replace(/^data: /, ""))).toMatchObject({ error: { type: "server_error" } });
  });
});

test.each([
  [chat, {}, { error: { type: "server_error" } }],
  ["/v1/messages", { "anthropic-version": "2023-06-01" }, { type: "error", error: { type: "overloaded_error" } }],
])("error-mid on %s ends a begun stream with an error event", async (path, headers, error) => {
  const { text } = await post(simulator, path, body("any:error-mid", { stream: true, max_tokens: 100 }), headers);
  const sent = events(text);
  expect(text).toMatch(/"1,"/);
  expect(sent.at(-1)).toMatchObject(error);
  expect(text).not.toMatch(/DONE|message_stop/);
});

test("hidden reasoning does not push the cut behind the end", async () => {
  const { text } = await post(simulator, chat, body("gpt:truncate", { stream: true, reasoning_effort: "high" }));
  expect(text).toMatch(/"content":"1,"/);
  expect(text).not.toMatch(/DONE/);
});

test("words come by header and body field as well, for every operation", async () => {
  const byHeader = await ask("gpt", false, { "x-simulate": "429, retry-after-2" });
  expect([byHeader.status, byHeader.headers.get("retry-after")]).toEqual([429, "2"]);
  const byField = await post(simulator, chat, body("gpt", { simulate: "503:retry-after-9" }));
  expect([byField.status, byField.headers.get("retry-after")]).toEqual([503, "9"]);
  const models = await fetch(`${simulator.url}/v1/models`, { headers: { "x-simulate": "401" } });
  expect(models.status).toBe(401);
});

test("waits as told: by option, and by word over it", async () => {
  const slow = await startSimulator({ firstTokenMs: 600_000, tokenMs: 600_000 });
  const incoming = await open(slow, body("gpt", { stream: true }));
  const [preamble] = (await once(incoming, "data")) as [Buffer];
  expect(preamble.toString()).toMatch(/"role":"assistant"/);
  expect(preamble.toString()).not.toMatch(/"1,"/);
  const fast = await post(slow, chat, body("gpt:first-token-0:pace-0", { stream: true }));
  expect(fast.text).toMatch(/DONE/);
  await slow.close();
  expect((await drain(incoming)).code).toBe("ECONNRESET");
  await slow.close();
});

test("paces tokens", async () => {
  const startMs = performance.now();
  await ask("gpt:latency-20:first-token-20:pace-3", true);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(20 + 20 + 19 * 3 - 5);
});

test("a body above 32 MiB is refused", async () => {
  const failed = await post(simulator, chat, `"${"x".repeat(32 * 1024 * 1024)}"`);
  expect(failed.status).toBe(413);
  expect(JSON.parse(failed.text)).toMatchObject({ error: { message: expect.stringMatching(/32 MiB/) } });
});

test("sends all to a reader who starts late", async () => {
  const messages = [{ role: "user", content: "write 20000 words" }];
  const incoming = await open(simulator, { model: "gpt", stream: true, messages });
  await once(incoming, "readable");
  expect((await ask("gpt", true)).text).toMatch(/DONE/);
  expect(events((await drain(incoming)).text)).toHaveLength(20_002);
});

test("a port that is taken is told", async () => {
  const port = Number(new URL(simulator.url).port);
  await expect(startSimulator({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("with a secret only those get an answer who prove it, in the provider's own words", async () => {
  const simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret: "s3cret" });
  const ask = { model: "gpt", max_tokens: 5, messages: [{ role: "user", content: "hi" }] };
  const chat = (headers: Record<string, string>) => post(simulator, "/v1/chat/completions", ask, headers);
  const message = (headers: Record<string, string>) =>
    post(simulator, "/v1/messages", ask, { "anthropic-version": "2023-06-01", ...headers });
  try {
    expect((await chat({ authorization: "Bearer s3cret" })).status).toBe(200);
    expect((await message({ "x-api-key": "s3cret" })).status).toBe(200);
    for (const headers of [{}, { authorization: "Bearer other" }] as Record<string, string>[]) {
      const { status, text } = await chat(headers);
      expect([status, JSON.parse(text).error.code]).toEqual([401, "invalid_api_key"]);
    }
    const { status, text } = await message({ "x-api-key": "other" });
    expect([status, JSON.parse(text).error.type]).toEqual([401, "authentication_error"]);
  } finally {
    await simulator.close();
  }
});
