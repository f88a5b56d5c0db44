import { openSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  FinishReason,
  StreamFinishedSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { Router } from "../../src/dispatch/router.ts";
import { ExtensionHost } from "../../src/extensions/host.ts";
import type { Attempt } from "../../src/model/call.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import type { Outcome, Piece, Reply } from "../../src/model/reply.ts";
import type { Provider } from "../../src/model/target.ts";
import { chainedMethods, operations } from "../../src/operations.ts";
import { createRequestValidator } from "../../src/services/validation.ts";
import { CallLines } from "../../src/telemetry/call-lines.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { Traffic } from "../../src/traffic.ts";
import { configOf } from "../support/gateway.ts";
import { rpcWith } from "../support/rpc.ts";
import { textBegins } from "./chunks.ts";
import { completeRequest } from "./request.ts";

const model = "openai/gpt-4o-mini";
const usage = create(UsageSchema, { inputTokens: 24, outputTokens: 9, source: UsageSource.PROVIDER });
const timeouts = { firstOutputMs: 60_000, idleMs: 60_000, totalMs: 60_000 };
const answer: readonly Chunk[] = [
  textBegins,
  textDelta(0, "Gateways are measured by what they add."),
  { case: "finished", value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP }) },
];

/**
 * A whole answer through all that stands around a call in the composition of the gateway (validation, log line to nowhere,
 * metrics, limits, breaker, time limits, fold), with a provider that answers at once, and without a transport.
 */
export async function chainedCall(): Promise<() => Promise<unknown>> {
  const logger = createLogger({
    level: "info",
    prettify: undefined,
    to: openSync("/dev/null", "w"),
    dropped: () => undefined,
  });
  const metrics = new Metrics("bench");
  const config = await configOf({ providers: { simulator: {} } });
  const provider: Provider = {
    id: "openai",
    displayName: "OpenAI",
    models: new Map(),
    defaultModel: undefined,
    timeouts,
    generate: answered,
  };
  const providers = new Map([["openai", provider]]);
  const router = new Router({ providers, aliases: new Map(), defaultModel: undefined });
  const traffic = new Traffic({ logger, metrics, streamRules: () => config.streams, router: () => router });
  await traffic.configure(config, new Map());
  const lines = new CallLines(logger, metrics, chainedMethods);
  const extensions = new ExtensionHost(logger, metrics);
  const validator = createRequestValidator();
  const { handlers } = operations({ logger, metrics, lines, validator, router: () => router, traffic, extensions });
  const request: CompleteRequest = create(CompleteRequestSchema, completeRequest(model));
  const caller = { keyId: "bench", tenantId: "", models: undefined };
  return () =>
    handlers.complete(request, rpcWith({ caller, startMs: performance.now(), deadlineMs: performance.now() + 60_000 }));
}

async function answered(attempt: Attempt): Promise<Reply> {
  const endMs = performance.now();
  const outcome: Outcome = {
    state: "finished",
    error: undefined,
    finishReason: FinishReason.STOP,
    usage,
    cost: undefined,
    endMs,
  };
  return {
    attempt,
    sentMs: endMs,
    firstOutputMs: endMs,
    upstreamRequestId: "req_1",
    upstreamModel: attempt.target.model,
    warnings: [],
    chunks: once(answer),
    outcome: Promise.resolve(outcome),
  };
}

async function* once(batch: readonly Piece[]): AsyncGenerator<readonly Piece[], undefined> {
  yield batch;
}
