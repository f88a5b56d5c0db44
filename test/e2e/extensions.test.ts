import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";
import { root } from "../support/source.ts";
import { failureOf } from "./failure.ts";

const examples = join(root, "examples/extensions");
const mail = "ada@example.com";
const card = "4242 4242 4242 4242";

/** The company's gateway as the example knows it, and a server that reranks. */
async function serve(connection: UpstreamConnection): Promise<void> {
  for (;;) {
    const { path, body } = await connection.request();
    const { request, documents, input } = body === "" ? {} : JSON.parse(body);
    if (path === "/rerank") {
      const results = documents.map((_: string, index: number) => ({ index, relevance_score: 0.5 }));
      await connection.respond(200, JSON.stringify({ results }));
    } else if (path === "/embeddings") {
      const data = input.map((_: string, index: number) => ({ index, embedding: [1, 2] }));
      await connection.respond(200, JSON.stringify({ data }));
    } else if (path === "/messages/count_tokens") await connection.respond(200, '{"input_tokens":7}');
    else if (path !== "/v2/chat") await connection.respond(404);
    else if (request.messages.at(-1).content === "broke") {
      await connection.respond(402, '{"fault":{"id":"BUDGET_SPENT","text":"cc-1000"}}');
    } else await answer(connection, request.stream === true);
  }
}

async function answer(connection: UpstreamConnection, streams: boolean): Promise<void> {
  const usage = { prompt_tokens: 3, completion_tokens: 1 };
  if (!streams) {
    const choices = [{ message: { content: "Hello" }, finish_reason: "stop" }];
    await connection.respond(200, JSON.stringify({ choices, usage }));
    return;
  }
  const choices = [{ delta: { content: "Hello" }, finish_reason: "stop" }];
  await connection.beginEvents();
  await connection.chunk(`data: ${JSON.stringify({ choices, usage })}\n\ndata: [DONE]\n\n`);
  await connection.lastChunk();
}

let upstream: ScriptedUpstream;
let gateway: GatewayProcess;
const sessions: Http2SessionManager[] = [];
const transport = () => {
  const sessionManager = new Http2SessionManager(gateway.url);
  sessions.push(sessionManager);
  return createGrpcTransport({ baseUrl: gateway.url, sessionManager });
};

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(serve);
  gateway = await GatewayProcess.start({
    providers: {
      "acme-gateway": { baseUrl: upstream.url, apiKey: "sk-acme", settings: { costCentre: "cc-1000" } },
      other: { kind: "openai-compatible", baseUrl: upstream.url },
      anthropic: { baseUrl: upstream.url, apiKey: "sk" },
    },
    models: { retry: { maxAttempts: 1 } },
    extensions: [
      { module: join(examples, "redact.ts"), config: { patterns: { ticket: "ACME-\\d{6}" } } },
      { module: join(examples, "acme-gateway.ts") },
    ],
  });
}, 30_000);
afterAll(async () => {
  for (const session of sessions) session.abort();
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const lastBody = () => JSON.parse(upstream.requests.at(-1)?.body ?? "{}");

test("the example provider speaks its dialect, and the example interceptor takes personal data out before it", async () => {
  const client = createClient(CompletionService, transport());
  const messages = [{ text: `Write to ${mail} about ACME-123456, order 4242 4242 4242 4243` }];
  const answered = await client.complete({ model: "acme-large", system: card, messages });
  expect(answered.message?.content[0]?.part.value).toBe("Hello");
  expect(answered.routing).toMatchObject({ provider: "acme-gateway", model: "acme-gateway/acme-large" });
  expect(answered.warnings.map(({ code, field }) => `${code} ${field}`)).toEqual([
    "redacted system",
    "redacted messages[0].text",
  ]);
  expect(upstream.requests.at(-1)).toMatchObject({ path: "/v2/chat", headers: { authorization: "Bearer sk-acme" } });
  expect(lastBody()).toMatchObject({
    costCentre: "cc-1000",
    request: {
      model: "acme-large",
      messages: [
        { role: "system", content: "[card]" },
        { role: "user", content: "Write to [email] about [ticket], order 4242 4242 4242 4243" },
      ],
    },
  });
});

test("streams, embeddings and reranking pass through the same interceptor", async () => {
  const shared = transport();
  const request = { model: "acme-large", input: `I am ${mail}` };
  const events = [];
  for await (const event of createClient(CompletionService, shared).streamComplete({
    start: { case: "request", value: request },
  })) {
    events.push(event.event);
  }
  expect(lastBody().request).toMatchObject({ stream: true, messages: [{ role: "user", content: "I am [email]" }] });
  expect(events.at(-1)?.case).toBe("finished");
  expect(events[0]).toMatchObject({ case: "started", value: { warnings: [{ code: "redacted", field: "input" }] } });

  const embedded = await createClient(EmbeddingService, shared).embed({ model: "acme-gateway/e", inputs: ["a", mail] });
  expect(lastBody().input).toEqual(["a", "[email]"]);
  expect(embedded.warnings).toMatchObject([{ code: "redacted", field: "inputs[1]" }]);

  const ranked = await createClient(RerankService, shared).rerank({ model: "other/r", query: mail, documents: [card] });
  expect(lastBody()).toMatchObject({ query: "[email]", documents: ["[card]"] });
  expect(ranked.warnings.map(({ field }) => field)).toEqual(["query", "documents[0]"]);
});

test("what is asked beside a call passes through it, too", async () => {
  const client = createClient(CompletionService, transport());
  const request = { model: "anthropic/claude", input: mail };
  const { usage } = await client.countTokens({ request });
  expect(usage?.inputTokens).toBe(7);
  expect(lastBody().messages).toEqual([{ role: "user", content: [{ type: "text", text: "[email]" }] }]);
  const sent = upstream.requests.length;
  const preview = await client.complete({ model: "acme-large", input: mail, validateOnly: true });
  expect(preview.warnings).toMatchObject([{ code: "redacted", field: "input" }]);
  expect(upstream.requests.length).toBe(sent);
});

test("what they refuse is a typed error, and what they count can be scraped", async () => {
  const client = createClient(CompletionService, transport());
  const failing = async (input: string, lossless = false) =>
    failureOf(await client.complete({ model: "acme-large", input, lossless }).catch((error) => error));
  expect(await failing("broke")).toMatchObject({ info: { reason: "PROVIDER_QUOTA_EXHAUSTED" } });
  expect(await failing(mail, true)).toMatchObject({ info: { reason: "CAPABILITY_UNSUPPORTED" } });
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  expect(metrics).toMatch(/^llmhub_extension_redact_redactions_total\{kind="email"\} [1-9]/m);
  expect(metrics).toContain('llmhub_failed_extension_calls_total{extension="redact"} 0\n');
});
