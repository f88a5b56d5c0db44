import { expect, test } from "vitest";
import { type Usage, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, type Dialect, messages, providerAt, request } from "./dialects.ts";

const models = { "m-1": { contextWindow: 200_000, prices: { input: 1, output: 2 } } };

/** The usage of a unary and of a streamed answer that report this one, and the cost in billionths of a dollar. */
async function usagesOf(dialect: Dialect, whole: string, stream: string) {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const { body } = await connection.request();
      if (JSON.parse(body).stream !== true) await connection.respond(200, whole);
      else await connection.respond(200, stream, { "content-type": "text/event-stream" });
    }
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind, { models }) });
  const { usage, cost } = await gateway.complete(request);
  const { events, error } = await gateway.stream(request);
  expect(error).toBeUndefined();
  const last = events.at(-1)?.event;
  if (last?.case !== "finished") throw new Error("the stream has no end");
  const metrics = await gateway.metrics();
  expect(metrics).not.toMatch(/^llmhub_\S+ (NaN|-)/m);
  return {
    seen: [usage, last.value.usage],
    nanos: [cost?.total?.amountNanos, last.value.cost?.total?.amountNanos],
    estimated: await gateway.metric("usage_estimated_total"),
    tokens: await gateway.metric("tokens_total", { kind: "input" }),
  };
}

/** A stream of chat completions with this JSON as usage, in its last or in an earlier chunk. */
function chatStream(usage: string, early = false): string {
  const choice = (delta: string, finish: string, extra: string) =>
    `data: {"choices":[{"index":0,"delta":${delta},"finish_reason":${finish}}]${extra}}\n\n`;
  const extra = usage === "" ? "" : `,"usage":${usage}`;
  return `${choice('{"content":"Hello"}', "null", early ? extra : "")}${choice("{}", '"stop"', early ? "" : extra)}${chat.done}`;
}

function messagesStream(usage: string): string {
  const withUsage = messages.finish.replace(/,"usage":\{.*\}\}/, usage === "" ? "}" : `,"usage":${usage}}`);
  const preamble = messages.preamble.replace(/,"usage":\{[^}]*\}/, "");
  return preamble + messages.text("Hello") + withUsage + messages.done;
}

const wholeOf = (dialect: Dialect, usage: string) =>
  dialect.whole("Hello", "USAGE").replace(/,"usage":"USAGE"/, usage === "" ? "" : `,"usage":${usage}`);

const chatUsage = (input: string, output: string) => `{"prompt_tokens":${input},"completion_tokens":${output}}`;
const messagesUsage = (input: string, output: string) => `{"input_tokens":${input},"output_tokens":${output}}`;

const incredible: readonly [string, string, string][] = [
  ["negative", "-5", "-1"],
  ["larger than any window", "1000000000000", "1000000000000"],
  ["not finite", "1e999", "1e999"],
  ["text", '"NaN"', '"NaN"'],
  ["null", "null", "null"],
  ["not whole", "7.5", "3.25"],
];

/** What the gateway counts itself for this call: five words in, one out. */
function expectEstimate(usage: Usage | undefined): void {
  expect(usage?.source).toBe(UsageSource.ESTIMATED);
  expect(usage?.inputTokens).toBeGreaterThan(3);
  expect(usage?.inputTokens).toBeLessThan(40);
  expect(usage?.outputTokens).toBeGreaterThan(0);
  expect(usage?.outputTokens).toBeLessThan(10);
}

test.each(incredible)(
  "U25: a usage that is %s is replaced by the gateway's own count",
  async (_name, input, output) => {
    for (const [dialect, usage, stream] of [
      [chat, chatUsage(input, output), chatStream],
      [messages, messagesUsage(input, output), messagesStream],
    ] as const) {
      const { seen, nanos, estimated } = await usagesOf(dialect, wholeOf(dialect, usage), stream(usage));
      for (const usage of seen) expectEstimate(usage);
      for (const amount of nanos) expect(Number(amount)).toBeGreaterThan(0);
      expect(estimated).toBe(2);
    }
  },
);

test("U25: a usage that is missing is counted by the gateway", async () => {
  for (const [dialect, stream] of [
    [chat, chatStream("")],
    [messages, messagesStream("")],
  ] as const) {
    const { seen, estimated } = await usagesOf(dialect, wholeOf(dialect, ""), stream);
    for (const usage of seen) expectEstimate(usage);
    expect(estimated).toBe(2);
  }
});

test("U25: a usage that leaves the output out keeps the provider's input and estimates the rest", async () => {
  const stream =
    messages.preamble + messages.text("Hello") + messages.finish.replace('"output_tokens":3', '"output_tokens":-3');
  for (const [dialect, usage, events] of [
    [chat, chatUsage("77", "0"), chatStream(chatUsage("77", "0"))],
    [messages, messagesUsage("77", "0"), stream.replaceAll('"input_tokens":7', '"input_tokens":77') + messages.done],
  ] as const) {
    const { seen } = await usagesOf(dialect, wholeOf(dialect, usage), events);
    for (const found of seen) {
      expect(found).toMatchObject({ inputTokens: 77, source: UsageSource.ESTIMATED });
      expect(found?.outputTokens).toBeGreaterThan(0);
    }
  }
});

test("U25: a usage in an earlier chunk counts, once", async () => {
  const usage = chatUsage("7", "3");
  const { seen, nanos, estimated, tokens } = await usagesOf(chat, wholeOf(chat, usage), chatStream(usage, true));
  for (const found of seen) {
    expect(found).toMatchObject({ inputTokens: 7, outputTokens: 3, source: UsageSource.PROVIDER });
  }
  // 7 tokens at 1 and 3 at 2 dollars for a million.
  expect(nanos).toEqual([13_000n, 13_000n]);
  expect(estimated).toBe(0);
  expect(tokens).toBe(14);
});

test("U25: details beyond their totals are brought back into them", async () => {
  const usage =
    '{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":900},"completion_tokens_details":{"reasoning_tokens":-4}}';
  const { seen } = await usagesOf(chat, wholeOf(chat, usage), chatStream(usage));
  for (const found of seen) expect(found).toMatchObject({ inputTokens: 7, cacheReadTokens: 7, reasoningTokens: 0 });
});
