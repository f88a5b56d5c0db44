// Calls the gateway with the package's own client, as it is installed elsewhere, and says of each thing whether it went well.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type ClientOptions,
  Code,
  connectHub,
  FinishReason,
  type HubClient,
  HubError,
  textOf,
} from "llm-connector-hub/client";

const { LLMHUB_ADDRESS = "", LLMHUB_BREAKING_ADDRESS = "", LLMHUB_API_KEY = "" } = process.env;
const { LLMHUB_LIMITED_API_KEY = "", LLMHUB_TLS_ADDRESS = "", LLMHUB_CA = "" } = process.env;

const ask = { model: "simulator/gpt:first-token-0:pace-0", input: "Count to 20" };

async function failureOf(call: Promise<unknown>): Promise<HubError> {
  const error = await call.then(
    () => new Error("it was answered"),
    (thrown) => thrown,
  );
  if (error instanceof HubError) return error;
  throw error;
}

const scenarios: Readonly<Record<string, (hub: HubClient) => Promise<void>>> = {
  unary: async (hub) => {
    const answer = await hub.complete().model("simulator/gpt").user("Count to 20").send();
    match(textOf(answer), /19, 20\.$/);
    equal(answer.finishReason, FinishReason.STOP);
    ok((answer.usage?.inputTokens ?? 0) > 0 && (answer.usage?.outputTokens ?? 0) > 0);
    deepEqual([answer.cost?.total?.currencyCode, answer.routing?.provider], ["USD", "simulator"]);
    ok((answer.cost?.total?.amountNanos ?? 0n) > 0n);
  },
  stream: async (hub) => {
    const stream = hub.stream(ask);
    const pieces: string[] = [];
    for await (const piece of stream.text()) pieces.push(piece);
    ok(pieces.length > 5);
    const whole = await stream.final();
    equal(pieces.join(""), textOf(whole));
    match(textOf(whole), /19, 20\.$/);
    ok((whole.usage?.outputTokens ?? 0) > 0);
  },
  tls: async (hub) => {
    match(textOf(await hub.complete(ask)), /19, 20\.$/);
    match(textOf(await hub.stream(ask).final()), /19, 20\.$/);
  },
  deadline: async (hub) => {
    const call = hub.complete({ ...ask, model: "simulator/gpt:latency-60000" }, { timeoutMs: 500 });
    equal((await failureOf(call)).code, Code.DeadlineExceeded);
  },
  cancel: async (hub) => {
    const caller = new AbortController();
    const slow = { model: "simulator/gpt:first-token-0:pace-1000", input: "Count to 1000" };
    const read = async () => {
      for await (const _ of hub.stream(slow, { signal: caller.signal }).text()) caller.abort();
    };
    equal((await failureOf(read())).code, Code.Canceled);
  },
  "error-details": async (hub) => {
    const wrong = await failureOf(hub.complete({ ...ask, temperature: 9 }));
    deepEqual([wrong.code, wrong.reason, wrong.retryAfterMs], [Code.InvalidArgument, "INVALID_REQUEST", undefined]);
    equal(wrong.fieldViolations[0]?.field, "temperature");
    const limited = await failureOf(hub.complete({ ...ask, model: "simulator/gpt-sdk:429:retry-after-1" }));
    deepEqual([limited.code, limited.reason], [Code.ResourceExhausted, "PROVIDER_RATE_LIMITED"]);
    equal(limited.metadata["provider"], "simulator");
    ok(limited.retryAfterMs !== undefined && limited.retryAfterMs > 0 && limited.retryAfterMs <= 1000);
    const statuses = limited.failure?.attempts.map(({ upstreamStatus }) => upstreamStatus);
    deepEqual(statuses, [429, 429, 429]);
  },
  resume: async (hub) => {
    const stream = hub.stream({ model: "simulator/claude:first-token-0:pace-10", input: "Count to 50" });
    let text = "";
    for await (const piece of stream.text()) text += piece;
    equal(text, `${Array.from({ length: 50 }, (_, i) => i + 1).join(", ")}.`);
    equal(textOf(await stream.final()), text);
  },
  idempotency: async (hub) => {
    const idempotencyKey = randomUUID();
    const first = await hub.complete(ask, { idempotencyKey });
    let replay: string | null = null;
    const onHeader = (head: Headers) => {
      replay = head.get("x-llmhub-idempotent-replay");
    };
    const second = await hub.complete(ask, { idempotencyKey, onHeader });
    deepEqual([second.id, replay], [first.id, "true"]);
  },
  metadata: async (hub) => {
    const onHeader = (head: Headers) => {
      deepEqual([head.get("x-request-id"), head.get("x-ratelimit-limit-requests")], ["metadata", "10000"]);
    };
    await hub.complete(ask, { onHeader });
  },
  "big-message": async (hub) => {
    const { usage } = await hub.complete({ ...ask, input: "All work and no play. ".repeat(300_000) });
    ok((usage?.inputTokens ?? 0) > 1_000_000);
    const inputs = Array.from({ length: 400 }, (_, i) => String(i));
    const { vectors } = await hub.embed({ model: "simulator/embedding", inputs, dimensions: 3072 });
    deepEqual([vectors.length, vectors[399]?.values.length], [400, 3072]);
  },
  // The client itself repeats what was refused, after the time that the gateway says.
  retry: async (hub) => {
    const holder = hub.stream({ ...ask, model: "simulator/gpt:first-token-0:pace-20" })[Symbol.asyncIterator]();
    await holder.next();
    const rest = (async () => {
      while ((await holder.next()).done !== true);
    })();
    match(textOf(await hub.complete(ask)), /19, 20\.$/);
    await rest;
  },
  "no-blind-retry": async (hub) => {
    const { code, retryAfterMs } = await failureOf(hub.complete({ ...ask, model: "simulator/gpt:503" }));
    ok(code === Code.Unavailable && retryAfterMs !== undefined);
  },
  "read-retry": async (hub) => {
    const call = hub.countTokens({ ...ask, model: "simulator/claude:503:retry-after-0" });
    equal((await failureOf(call)).code, Code.Unavailable);
  },
};

const baseUrls: Readonly<Record<string, string>> = {
  tls: `https://${LLMHUB_TLS_ADDRESS}`,
  resume: `http://${LLMHUB_BREAKING_ADDRESS}`,
};

for (const [name, run] of Object.entries(scenarios)) {
  const options: ClientOptions = {
    apiKey: name === "retry" ? LLMHUB_LIMITED_API_KEY : LLMHUB_API_KEY,
    headers: () => ({ "x-request-id": name }),
  };
  await using hub = connectHub({
    baseUrl: baseUrls[name] ?? `http://${LLMHUB_ADDRESS}`,
    tls: { ca: readFileSync(LLMHUB_CA) },
    ...options,
    retry: { attemptsMax: name === "retry" ? 5 : 3 },
  });
  try {
    await run(hub);
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    process.stdout.write(`not ok ${name}: ${String(error).replaceAll(/\s+/g, " ")}\n`);
    process.exitCode = 1;
  }
}
