import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../../gen/llmhub/v1/routing_pb.ts";
import { UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { meter } from "../../../src/interceptors/call/meter.ts";
import { witnessed } from "../../../src/interceptors/call/witness.ts";
import { GatewayError } from "../../../src/model/error.ts";
import type { Outcome } from "../../../src/model/reply.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { callOf, charged, failedAttempt, finished, replyOf } from "./ended-call.ts";

const complete = 'method="llmhub.v1.CompletionService/Complete"';

async function scrape(metrics: Metrics): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => /^(?:llmhub|gen_ai)_/.test(line));
}

async function metered(outcome: Outcome, stream = false): Promise<string[]> {
  const metrics = new Metrics("1");
  metrics.nameProviders([{ id: "openai", genAiName: "azure.ai.openai" }]);
  const dispatch = witnessed(meter(metrics))(async (call) => replyOf(call, Promise.resolve(outcome)));
  const reply = await dispatch(callOf({ stream }));
  await reply.outcome;
  return scrape(metrics);
}

test("a finished call is counted with its time, tokens and cost", async () => {
  const lines = await metered(finished);
  const labels = `${complete},provider="openai",model="gpt-4o"`;
  expect(lines).toEqual(
    expect.arrayContaining([
      `llmhub_calls_total{${labels},code="OK"} 1`,
      `llmhub_call_duration_seconds_sum{${labels}} 2`,
      `llmhub_time_to_first_output_seconds_sum{${labels}} 0.5`,
      'llmhub_tokens_total{provider="openai",model="gpt-4o",kind="input"} 100',
      'llmhub_tokens_total{provider="openai",model="gpt-4o",kind="output"} 20',
      'llmhub_tokens_total{provider="openai",model="gpt-4o",kind="cache_read"} 40',
      'llmhub_tokens_total{provider="openai",model="gpt-4o",kind="reasoning"} 5',
      'llmhub_cost_dollars_total{provider="openai",model="gpt-4o"} 0.01',
      'llmhub_usage_estimated_total{provider="openai",model="gpt-4o"} 0',
    ]),
  );
});

test("a broken stream is counted as broken, with the usage that the gateway estimated", async () => {
  const error = new GatewayError("STREAM_INTERRUPTED", "cut");
  const usage = { ...finished.usage, source: UsageSource.ESTIMATED };
  const lines = await metered({ ...finished, state: "failed", error, usage }, true);
  expect(lines).toEqual(
    expect.arrayContaining([
      'llmhub_broken_streams_total{reason="STREAM_INTERRUPTED"} 1',
      'llmhub_usage_estimated_total{provider="openai",model="gpt-4o"} 1',
      `llmhub_calls_total{${complete},provider="openai",model="gpt-4o",code="UNAVAILABLE"} 1`,
      `llmhub_open_streams{${complete}} 0`,
    ]),
  );
});

test("a caller who leaves breaks no stream", async () => {
  const lines = await metered({ ...finished, state: "abandoned", error: new GatewayError("CANCELLED", "left") }, true);
  expect(lines).toContain(`llmhub_calls_total{${complete},provider="openai",model="gpt-4o",code="CANCELLED"} 1`);
  expect(lines.filter((line) => line.startsWith("llmhub_broken_streams_total{"))).toEqual([]);
});

test("a stream is open from its first output to its end", async () => {
  const metrics = new Metrics("1");
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const reply = await witnessed(meter(metrics))(async (call) => replyOf(call, promise))(callOf({ stream: true }));
  expect(await scrape(metrics)).toContain(`llmhub_open_streams{${complete}} 1`);
  resolve(finished);
  await reply.outcome;
  expect(await scrape(metrics)).toContain(`llmhub_open_streams{${complete}} 0`);
});

test("a call that no provider took is counted at the last one tried, what its attempts cost where they were made, and the error goes on unchanged", async () => {
  const metrics = new Metrics("1");
  const attempts = [
    { ...failedAttempt("openai", "PROVIDER_BAD_RESPONSE", 200), ...charged(7, 5_000_000n) },
    { ...failedAttempt("anthropic", "PROVIDER_TIMEOUT", 0), ...charged(9, 2_000_000n) },
    failedAttempt("anthropic", "NO_HEALTHY_TARGET", 0),
  ];
  const failure = create(CompletionFailureSchema, { attempts, usage: charged(16, 0n).usage });
  const error = new GatewayError("PROVIDER_CREDENTIAL_INVALID", "refused").withFailure(failure);
  await expect(witnessed(meter(metrics))(() => Promise.reject(error))(callOf())).rejects.toBe(error);
  expect(await scrape(metrics)).toEqual(
    expect.arrayContaining([
      `llmhub_calls_total{${complete},provider="anthropic",model="some-model",code="FAILED_PRECONDITION"} 1`,
      'llmhub_tokens_total{provider="openai",model="some-model",kind="input"} 7',
      'llmhub_tokens_total{provider="anthropic",model="some-model",kind="input"} 9',
      'llmhub_cost_dollars_total{provider="openai",model="some-model"} 0.005',
      'llmhub_cost_dollars_total{provider="anthropic",model="some-model"} 0.002',
    ]),
  );
});

const genAi =
  'gen_ai_operation_name="chat",gen_ai_provider_name="azure.ai.openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06"';

test("OpenTelemetry's names tell of a stream: how long until its first token, and how long each took after it", async () => {
  const lines = await metered(finished, true);
  expect(lines).toEqual(
    expect.arrayContaining([
      `gen_ai_server_request_duration_seconds_sum{${genAi},error_type=""} 2`,
      `gen_ai_server_time_to_first_token_seconds_sum{${genAi}} 0.5`,
      // 1.5 seconds for 19 tokens.
      `gen_ai_server_time_per_output_token_seconds_bucket{le="0.075",${genAi}} 0`,
      `gen_ai_server_time_per_output_token_seconds_bucket{le="0.1",${genAi}} 1`,
      `gen_ai_client_token_usage_sum{${genAi},gen_ai_token_type="input"} 100`,
      `gen_ai_client_token_usage_sum{${genAi},gen_ai_token_type="output"} 20`,
    ]),
  );
});

test("an answer that comes whole tells nothing of the pace of tokens, a failure neither, and each failure has its type", async () => {
  const pace = /^gen_ai_server_time_.*_count/;
  expect((await metered(finished)).filter((line) => pace.test(line))).toEqual([]);
  const error = new GatewayError("STREAM_INTERRUPTED", "cut");
  const broken = await metered({ ...finished, state: "failed", error }, true);
  expect(broken.filter((line) => pace.test(line))).toEqual([]);
  expect(broken).toContain(`gen_ai_server_request_duration_seconds_count{${genAi},error_type="STREAM_INTERRUPTED"} 1`);
});

test("what the cache answers is a request, and nobody's tokens", async () => {
  const metrics = new Metrics("1");
  const cached = callOf({ stream: true, cache: { status: CacheStatus.HIT, madeMs: 1 } });
  const outcome = { ...finished, usage: create(UsageSchema) };
  const reply = await witnessed(meter(metrics))(async (call) => replyOf(call, Promise.resolve(outcome)))(cached);
  await reply.outcome;
  const counts = (await scrape(metrics)).filter((line) => /^gen_ai_.*_count/.test(line));
  expect(counts).toEqual([
    expect.stringContaining('gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat"'),
  ]);
});
