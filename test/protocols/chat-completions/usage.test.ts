import { expect, test } from "vitest";
import { answered, delta, done, ending, event, streamed, whole } from "./script.ts";

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

test.each(["flex", "priority", "scale"])("tokens served as %s say so", (service_tier) => {
  const named = { usage: { inputTokens: 3, serviceTier: service_tier } };
  expect(answered(whole({ content: "Hi" }, "stop", { usage, service_tier }))).toMatchObject(named);
  const counted = event({ choices: [], usage, service_tier });
  expect(streamed(delta({ content: "Hi" }) + ending("stop") + counted + done)).toMatchObject(named);
});

test("the tier is also found where Mistral tells it, among the counts", () => {
  const counted = (service_tier: string) =>
    answered(whole({ content: "Hi" }, "stop", { usage: { ...usage, service_tier } }));
  expect(counted("batch")).toMatchObject({ usage: { serviceTier: "batch" } });
  expect(counted("standard")).not.toHaveProperty("usage.serviceTier");
});

test("tokens of the standard service name no tier", () => {
  const answer = answered(whole({ content: "Hi" }, "stop", { usage, service_tier: "default" }));
  expect(answer).toMatchObject({ usage: { inputTokens: 3 } });
  expect(answer).not.toHaveProperty("usage.serviceTier");
});

test("a prompt cache is counted where there are no details of it", () => {
  const older = { ...usage, prompt_cache_hit_tokens: 2, prompt_cache_miss_tokens: 1 };
  expect(answered(whole({ content: "Hi" }, "stop", { usage: older }))).toMatchObject({ usage: { cacheReadTokens: 2 } });
});
