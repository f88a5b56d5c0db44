import OpenAI from "openai";
import { expect, test } from "vitest";
import { type Play, piecesOf } from "../cache-stage.ts";
import { chat, streamed } from "../faults/dialects.ts";
import { asked, held, keyedStage, replayHeader } from "../idempotency-stage.ts";
import { eventsIn } from "./sse.ts";

const messages = [{ role: "user" as const, content: "hi" }];
const body = { model: "up/m-1", messages };

function posting(url: string, key = "k") {
  return async (path: string, payload: object) => {
    const headers = { "content-type": "application/json", "idempotency-key": key };
    const response = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(payload) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
}

test("a repeat has the same body, whole", async () => {
  await using at = await keyedStage();
  const gateway = await at.gateway();
  for (const [path, payload] of [
    ["/v1/chat/completions", body],
    ["/v1/responses", { model: "up/m-1", input: "hi" }],
    ["/v1/messages", { ...body, max_tokens: 100 }],
    ["/v1/completions", { model: "up/m-1", input: "hi" }],
  ] as const) {
    const post = posting(gateway.url, `for-${path}`);
    const [first, second] = [await post(path, payload), await post(path, payload)];
    const untimed = (text: string) => text.replace(/"(created|created_at|completed_at|createTime)":("[^"]*"|\d+)/g, "");
    expect(untimed(second.text)).toBe(untimed(first.text));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect([first.headers.get(replayHeader), second.headers.get(replayHeader)]).toEqual([null, "true"]);
  }
  expect(at.upstream.requests).toHaveLength(4);
});

test("a stream comes again as a stream, with its deltas joined", async () => {
  await using at = await keyedStage();
  const gateway = await at.gateway();
  const post = posting(gateway.url);
  await post("/v1/chat/completions", { ...body, stream: true });
  const again = await post("/v1/chat/completions", { ...body, stream: true });
  const { events } = eventsIn(again.text);
  const said = events.slice(0, -1).map(({ data }) => JSON.parse(data).choices[0]?.delta.content ?? "");
  expect(said.filter((text) => text !== "")).toEqual(["answer 1"]);
  expect(again.headers.get(replayHeader)).toBe("true");
  expect(at.upstream.requests).toHaveLength(1);
});

test("several answers to one request are kept each", async () => {
  await using at = await keyedStage();
  const gateway = await at.gateway();
  const post = posting(gateway.url);
  const texts = ({ text }: { text: string }) =>
    JSON.parse(text).choices.map((choice: OpenAI.ChatCompletion.Choice) => choice.message.content);
  const first = await post("/v1/chat/completions", { ...body, n: 3 });
  const second = await post("/v1/chat/completions", { ...body, n: 3 });
  expect(texts(first).sort()).toEqual(["answer 1", "answer 2", "answer 3"]);
  expect(texts(second)).toEqual(texts(await post("/v1/chat/completions", { ...body, n: 3 })));
  expect(at.upstream.requests).toHaveLength(3);
  const other = await post("/v1/chat/completions", { ...body, n: 2 });
  expect([other.status, JSON.parse(other.text).error]).toMatchObject([
    422,
    { type: "invalid_request_error", reason: "IDEMPOTENCY_KEY_REUSED" },
  ]);
});

test("a key in use is a conflict, with advice when to come again", async () => {
  const provider = held();
  await using at = await keyedStage(provider.play);
  const gateway = await at.gateway({ idempotency: { wait: "0s" } });
  const post = posting(gateway.url);
  const first = post("/v1/chat/completions", body);
  await asked(at, 1);
  const second = await post("/v1/chat/completions", body);
  expect([second.status, second.headers.get("retry-after"), JSON.parse(second.text).error]).toMatchObject([
    409,
    "1",
    { type: "invalid_request_error", reason: "IDEMPOTENCY_KEY_IN_USE" },
  ]);
  provider.open();
  expect((await first).status).toBe(200);
});

test("OpenAI's SDK repeats what failed with its key, and pays once for what was answered", async () => {
  const failingOnce: Play = async (connection, _, number) => {
    if (number === 1) return connection.respond(503, "{}");
    await connection.beginEvents();
    await connection.chunk(streamed(chat, ...piecesOf(number)));
    await connection.lastChunk();
  };
  await using at = await keyedStage(failingOnce);
  const gateway = await at.gateway();
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "none", maxRetries: 2 });
  const headers = { "Idempotency-Key": "stainless-node-retry-4f6c" };
  for (let i = 0; i < 2; i++) {
    let text = "";
    for await (const { choices } of await client.chat.completions.create({ ...body, stream: true }, { headers })) {
      text += choices[0]?.delta.content ?? "";
    }
    expect(text).toBe("answer 2");
  }
  expect(at.upstream.requests).toHaveLength(2);
});
