import { deepEqual, equal, match, ok } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import { Answer } from "./answer.ts";
import { failureOf } from "./failure.ts";
import type { Hub } from "./hub.ts";

/** Longest time for an answer. */
export const patienceMs = 30_000;

/** Answered at once by the simulator; other words behind the colons make it slow or let it fail. */
export const ask = { model: "simulator/gpt:first-token-0:pace-0", input: "Count to 20" };

export async function unary({ completions }: Hub): Promise<void> {
  const { message, finishReason, usage, cost, routing } = await completions.complete({
    ...ask,
    model: "simulator/gpt",
  });
  match(String(message?.content[0]?.part.value), /19, 20\.$/);
  equal(finishReason, FinishReason.STOP);
  ok(usage !== undefined && usage.inputTokens > 0 && usage.outputTokens > 0);
  equal(cost?.total?.currencyCode, "USD");
  ok(cost.total.amountNanos > 0n);
  equal(routing?.provider, "simulator");
}

export async function stream({ completions }: Hub): Promise<void> {
  const pieces: string[] = [];
  const answer = new Answer(completions, patienceMs).read(ask);
  let next = await answer.next();
  for (; next.done !== true; next = await answer.next()) pieces.push(next.value);
  match(pieces.join(""), /19, 20\.$/);
  ok(pieces.length > 5);
  ok((next.value.usage?.outputTokens ?? 0) > 0);
}

/** All is as without TLS. */
export async function encrypted(hub: Hub): Promise<void> {
  await unary(hub);
  await stream(hub);
}

export async function deadline({ completions }: Hub): Promise<void> {
  const call = completions.complete({ ...ask, model: "simulator/gpt:latency-60000" }, { timeoutMs: 500 });
  equal(await call.then(() => "it was answered", codeOf), Code.DeadlineExceeded);
}

/** What is over is not taken up again. */
export async function streamDeadline({ completions }: Hub): Promise<void> {
  const answer = new Answer(completions, 1000);
  const read = async () => {
    for await (const _piece of answer.read({ model: "simulator/gpt:first-token-0:pace-200", input: "Count to 1000" }));
  };
  equal(await read().then(() => "it ended by itself", codeOf), Code.DeadlineExceeded);
  equal(answer.resumed, 0);
}

export async function cancel({ completions }: Hub): Promise<void> {
  const caller = new AbortController();
  const slow = { model: "simulator/gpt:first-token-0:pace-1000", input: "Count to 1000" };
  const read = async () => {
    for await (const _piece of new Answer(completions, patienceMs, caller.signal).read(slow)) caller.abort();
  };
  equal(await read().then(() => "it ended by itself", codeOf), Code.Canceled);
}

export async function resume({ completions }: Hub): Promise<void> {
  const answer = new Answer(completions, patienceMs);
  let text = "";
  const request = { model: "simulator/claude:first-token-0:pace-10", input: "Count to 50" };
  for await (const piece of answer.read(request)) text += piece;
  equal(answer.resumed, 1);
  equal(text, `${Array.from({ length: 50 }, (_, i) => i + 1).join(", ")}.`);
}

export async function idempotency({ completions }: Hub): Promise<void> {
  const headers = { "idempotency-key": randomUUID() };
  const first = await completions.complete(ask, { headers });
  let replay: string | null = null;
  const onHeader = (head: Headers) => {
    replay = head.get("x-llmhub-idempotent-replay");
  };
  const second = await completions.complete(ask, { headers, onHeader });
  deepEqual([second.id, replay], [first.id, "true"]);
}

export async function metadata({ completions }: Hub): Promise<void> {
  const onHeader = (head: Headers) => {
    deepEqual([head.get("x-request-id"), head.get("x-ratelimit-limit-requests")], ["metadata", "10000"]);
  };
  await completions.complete(ask, { onHeader });
}

export async function bigMessage({ completions, embeddings }: Hub): Promise<void> {
  const { usage } = await completions.complete({ ...ask, input: "All work and no play. ".repeat(300_000) });
  ok((usage?.inputTokens ?? 0) > 1_000_000);
  const inputs = Array.from({ length: 400 }, (_, i) => String(i));
  const { vectors } = await embeddings.embed({ model: "simulator/embedding", inputs, dimensions: 3072 });
  deepEqual([vectors.length, vectors[399]?.values.length], [400, 3072]);
}

function codeOf(error: unknown): Code {
  return failureOf(error).code;
}
