import { expect, test } from "vitest";
import { EmbedRequestSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { EmbedDialect } from "../../src/model/protocol.ts";
import { ollamaEmbeddings } from "../../src/protocols/ollama/embed.ts";
import { embedInBatches } from "../../src/providers/embed-batches.ts";
import { Upstream } from "../../src/upstream/upstream.ts";
import { attemptFromJson } from "../support/dialect.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";

/** What the provider does with one text, "0", "1" and so on. */
type Play = (connection: UpstreamConnection, text: string) => Promise<void> | void;

const answer: Play = (connection, text) =>
  connection.respond(200, JSON.stringify({ model: "m", embeddings: [[Number(text)]], prompt_eval_count: 10 }));

/** A provider that takes one text at a time. */
async function stage(play: Play) {
  const provider = await ScriptedUpstream.start(async (connection) => {
    for (;;) await play(connection, JSON.parse((await connection.request()).body).input[0]);
  });
  const upstream = new Upstream({ baseUrl: new URL(provider.url), headers: {}, connectMs: 1000, connectionsMax: 8 });
  const embed = (count: number, dialect: Partial<EmbedDialect> = {}, signal = new AbortController().signal) => {
    const priceList = { name: "test", prices: [{ meter: "input", nanosPerMillion: 1_000_000n, fromInputTokens: 0 }] };
    const inputs = Array.from({ length: count }, (_, i) => String(i));
    const attempt = attemptFromJson(EmbedRequestSchema, { model: "p/m", inputs }, { facts: { priceList } });
    const { call } = attempt;
    const own = { ...ollamaEmbeddings, textsMax: () => 1, ...dialect };
    return embedInBatches(upstream, own, { ...attempt, call: { ...call, rpc: { ...call.rpc, signal } } });
  };
  return {
    provider,
    embed,
    [Symbol.asyncDispose]: async () => {
      await upstream.close();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const failureOf = (call: Promise<unknown>) => call.then(() => expect.unreachable("it was answered"), GatewayError.of);

test("a failure ends what is under way, and what all of it used is told once", async () => {
  const hanging = Promise.withResolvers<void>();
  await using at = await stage(async (connection, text) => {
    if (text === "4") hanging.resolve();
    else if (text === "5") await hanging.promise.then(() => connection.respond(429, "{}", { "retry-after": "7" }));
    else await answer(connection, text);
  });
  const error = await failureOf(at.embed(6));
  expect([error.reason, error.retryMs]).toEqual(["PROVIDER_RATE_LIMITED", 7000]);
  await expect.poll(() => at.provider.connections.filter(({ isClosed }) => isClosed).length).toBe(1);
  expect(at.provider.requests.length).toBe(6);
  const { usage, cost, attempts = [] } = error.failure ?? {};
  // The first four as the provider counted them, and a token by estimate of the one that was given up.
  expect(usage?.inputTokens).toBe(41);
  expect(usage?.source).toBe(UsageSource.ESTIMATED);
  expect(cost?.total?.amountNanos).toBe(41n);
  expect(attempts.map((record) => record.usage)).toEqual([usage]);
});

test("what was used is told, too, when a later request cannot even be begun", async () => {
  await using at = await stage(answer);
  const shared = new GatewayError("CAPABILITY_UNSUPPORTED", "no");
  const error = await failureOf(
    at.embed(6, {
      render: (attempt) => {
        if (attempt.call.request.inputs[0] === "5") throw shared;
        return ollamaEmbeddings.render(attempt);
      },
    }),
  );
  expect([error.reason, shared.failure]).toEqual(["CAPABILITY_UNSUPPORTED", undefined]);
  // Text 4 was sent, or about to be: one token by estimate, or none.
  expect([40, 41]).toContain(error.failure?.usage?.inputTokens);
  expect(error.failure?.attempts.length).toBe(1);
});

test("all requests of a call share the time of its attempt", async () => {
  await using at = await stage(answer);
  const limits = new Map<string, number[]>();
  const { value } = await at.embed(5, {
    render: (attempt) => {
      const { firstOutputMs, totalMs } = attempt.timeouts;
      limits.set(attempt.call.request.inputs[0] ?? "", [firstOutputMs, totalMs]);
      return ollamaEmbeddings.render(attempt);
    },
  });
  expect(value.length).toBe(5);
  const [first = 0, total = 0] = limits.get("4") ?? [];
  expect(first).toBe(total);
  expect(total).toBeLessThan(limits.get("3")?.[1] ?? 0);
});

test("a caller who leaves ends all of it", async () => {
  const leaving = new AbortController();
  const left = new GatewayError("CANCELLED", "the caller left");
  let seen = 0;
  await using at = await stage(() => {
    seen++;
    if (seen === 4) leaving.abort(left);
  });
  const error = await failureOf(at.embed(9, {}, leaving.signal));
  expect([error.reason, error.failure?.usage?.inputTokens, left.failure]).toEqual(["CANCELLED", 4, undefined]);
  await expect.poll(() => at.provider.connections.filter(({ isClosed }) => isClosed).length).toBe(4);
  expect(at.provider.requests.length).toBe(4);
});
