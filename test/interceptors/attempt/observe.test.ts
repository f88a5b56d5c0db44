import { expect, test } from "vitest";
import { observe } from "../../../src/interceptors/attempt/observe.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { Metrics } from "../../../src/telemetry/metrics.ts";
import { callOf, finished, replyOf } from "../call/ended-call.ts";

async function timed(metrics: Metrics): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => /^gen_ai_client_operation_duration_seconds_(?:sum|count)/.test(line));
}

test("an attempt is timed from sending to its end, under the name that its provider has in the conventions", async () => {
  const metrics = new Metrics("1");
  metrics.nameProviders([{ id: "openai", genAiName: "openai" }]);
  const reply = replyOf(callOf(), Promise.resolve(finished));
  await (await observe(metrics, () => undefined)(async () => reply)(reply.attempt)).outcome;
  const labels =
    'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06",error_type=""';
  expect(await timed(metrics)).toEqual([
    `gen_ai_client_operation_duration_seconds_sum{${labels}} 1.9`,
    `gen_ai_client_operation_duration_seconds_count{${labels}} 1`,
  ]);
});

test("one that fails before it answers is counted by what went wrong", async () => {
  const metrics = new Metrics("1");
  const { attempt } = replyOf(callOf(), Promise.resolve(finished));
  const refused = new GatewayError("PROVIDER_RATE_LIMITED", "slow down");
  await expect(observe(metrics, () => undefined)(() => Promise.reject(refused))(attempt)).rejects.toBe(refused);
  const labels =
    'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="",error_type="PROVIDER_RATE_LIMITED"';
  expect(await timed(metrics)).toContain(`gen_ai_client_operation_duration_seconds_count{${labels}} 1`);
});
