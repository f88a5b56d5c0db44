import Anthropic from "@anthropic-ai/sdk";
import { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection, within } from "../../support/scripted-upstream.ts";
import { answerAll } from "../faults/beside.ts";
import { messages as anthropic, chat, type Dialect, providerAt } from "../faults/dialects.ts";
import { crossed, models } from "./crossed.ts";
import { halting } from "./halting.ts";

const dialects = [chat, anthropic];
const apiKey = "lh_none";
const hi = [{ role: "user" as const, content: "hi" }];
const model = "up/m-1";

const openai = ({ url }: { url: string }) => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const claude = ({ url }: { url: string }) => new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });

/** Asks for a stream, tells of each piece of text, and ends when the stream does. */
type Streaming = (gateway: TestGateway, signal: AbortSignal, heard: (text: string) => void) => Promise<void>;

const streaming: Readonly<Record<string, Streaming>> = {
  openai: async (gateway, signal, heard) => {
    const asked = { model, messages: hi, stream: true } as const;
    for await (const { choices } of await openai(gateway).chat.completions.create(asked, { signal })) {
      if (choices[0]?.delta.content) heard(choices[0].delta.content);
    }
  },
  anthropic: async (gateway, signal, heard) => {
    const stream = claude(gateway).messages.stream({ model, max_tokens: 100, messages: hi }, { signal });
    await stream.on("text", heard).done();
  },
};

const unary: Readonly<Record<string, (gateway: TestGateway, signal: AbortSignal) => Promise<unknown>>> = {
  openai: (gateway, signal) => openai(gateway).chat.completions.create({ model, messages: hi }, { signal }),
  anthropic: (gateway, signal) => claude(gateway).messages.create({ model, max_tokens: 100, messages: hi }, { signal }),
};

describe.each(dialects)("$kind", (dialect) => {
  test.each(Object.entries(streaming))(
    "S10: a stream that is aborted closes the upstream, %s",
    async (_sdk, stream) => {
      await using stage = await halting(dialect);
      const leaving = new AbortController();
      const texts: string[] = [];
      const ended = stream(stage.gateway, leaving.signal, (text) => {
        texts.push(text);
        leaving.abort();
      });
      await ended.catch((error: unknown) => expect(String(error)).toMatch(/abort/i));
      expect(texts).toEqual(["Hello"]);
      await stage.upstream.closed();
      await expect.poll(() => stage.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
      expect(await stage.gateway.metric("broken_streams_total")).toBe(0);
      expect(stage.upstream.requests.length).toBe(1);
    },
  );

  test.each([...Object.entries(unary), ...Object.entries(streaming)])(
    "S10: a call that is aborted before any output closes the upstream, %s",
    async (_sdk, call) => {
      const asked = Promise.withResolvers<UpstreamConnection>();
      await using upstream = await ScriptedUpstream.start(async (connection) => {
        await connection.request();
        asked.resolve(connection);
      });
      await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind) });
      const leaving = new AbortController();
      const ended = call(gateway, leaving.signal, () => undefined).then(
        () => "answered",
        (error: unknown) => String(error),
      );
      const { closed } = await asked.promise;
      leaving.abort();
      await within(closed, 250);
      expect(await ended).toMatch(/abort/i);
      await expect.poll(() => gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
      expect(await gateway.metric("upstream_attempts_total", { outcome: "cancelled" })).toBe(1);
    },
  );
});

test.each(models)("Anthropic's SDK gets answers that keep to a schema, %s", async (id) => {
  await using stage = await crossed();
  const schema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
    additionalProperties: false,
  } as const;
  const answer = await claude(stage.gateway).messages.parse({
    model: id,
    max_tokens: 500,
    messages: [{ role: "user", content: "A person" }],
    output_config: { format: jsonSchemaOutputFormat(schema) },
  });
  expect(answer.parsed_output).toEqual({ name: expect.any(String), age: expect.any(Number) });
});

/** A gateway before an upstream that says "Hello" to everybody. */
async function answering(dialect: Dialect) {
  const upstream = await ScriptedUpstream.start((connection) => answerAll(connection, dialect));
  const gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind) });
  return {
    upstream,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const marked = { type: "text" as const, text: "Long rules", cache_control: { type: "ephemeral" as const } };

test("marks for the prompt cache reach Anthropic, from either SDK", async () => {
  await using stage = await answering(anthropic);
  await claude(stage.gateway).messages.create({ model, max_tokens: 100, system: [marked], messages: hi });
  const messages = [{ role: "system" as const, content: [marked] }, ...hi];
  await openai(stage.gateway).chat.completions.create({ model, max_completion_tokens: 100, messages });
  const [first, second] = stage.upstream.requests.map(({ body }) => JSON.parse(body));
  expect(first.system).toEqual([marked]);
  expect(second.system).toEqual([marked]);
});

test("betas that are asked for reach Anthropic as its header, and nobody else", async () => {
  const asked = { model, max_tokens: 100, messages: hi, betas: ["context-1m-2025-08-07"] };
  await using stage = await answering(anthropic);
  await claude(stage.gateway).beta.messages.create(asked);
  const [request] = stage.upstream.requests;
  expect(request?.headers["anthropic-beta"]).toBe("context-1m-2025-08-07");
  expect(request?.body).not.toContain("anthropic_beta");
  await using other = await answering(chat);
  await claude(other.gateway).beta.messages.create(asked);
  expect(other.upstream.requests.map(({ headers, body }) => JSON.stringify([headers, body]))).toEqual([
    expect.not.stringContaining("context-1m"),
  ]);
});

test.each(dialects)("usage of a stream is that of the provider, in either SDK's words, $kind", async (dialect) => {
  await using stage = await answering(dialect);
  const last = await claude(stage.gateway).messages.stream({ model, max_tokens: 100, messages: hi }).finalMessage();
  expect(last.usage).toMatchObject({ input_tokens: 7, output_tokens: 3 });
  const options = { stream_options: { include_usage: true } };
  const stream = openai(stage.gateway).chat.completions.stream({ model, messages: hi, ...options });
  expect(await stream.totalUsage()).toMatchObject({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 });
});
