import { afterAll, beforeAll, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/server.ts";
import { TestGateway } from "../support/gateway.ts";
import { startFast } from "./client.ts";

let simulator: Simulator;
let gateway: TestGateway;
beforeAll(async () => {
  simulator = await startFast();
  const apiKey = "k";
  gateway = await TestGateway.start({
    providers: {
      deepseek: { apiKey, baseUrl: simulator.url },
      mistral: { apiKey, baseUrl: `${simulator.url}/v1` },
      groq: { apiKey, baseUrl: `${simulator.url}/openai/v1` },
      openrouter: { apiKey, baseUrl: `${simulator.url}/api/v1` },
      xai: { apiKey, baseUrl: `${simulator.url}/v1` },
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

test.each([
  ["deepseek/deepseek-v4-pro", "reasoning_content"],
  ["mistral/mistral-small-latest", "thinking"],
  ["groq/openai/gpt-oss-20b", "reasoning"],
  ["openrouter/qwen/qwen3", "reasoning"],
  ["xai/grok-3-mini", "reasoning_content"],
])("%s shows what it thinks under %s, streamed and whole alike", async (model, field) => {
  const request = { model, input: "count to 3", reasoning: { effort: "high" } };
  const { message } = await gateway.complete(request);
  const [thought, said] = message?.content ?? [];
  expect(thought?.part.case).toBe("reasoning");
  expect(thought?.signature?.value).toBe(field);
  expect(said?.part).toEqual({ case: "text", value: "1, 2, 3." });
  const { events, error } = await gateway.stream(request);
  expect(error).toBeUndefined();
  const thoughts = events.flatMap(({ event }) =>
    event.case === "partDelta" && event.value.delta.case === "reasoning" ? [event.value.delta.value] : [],
  );
  expect(thoughts.join("")).toBe(thought?.part.case === "reasoning" && thought.part.value.text);
});

test.each(["deepseek/deepseek-chat", "openrouter/openai/gpt-4o"])(
  "%s does not think unless asked to",
  async (model) => {
    const { message } = await gateway.complete({ model, input: "count to 3" });
    expect(message?.content.map(({ part }) => part.case)).toEqual(["text"]);
  },
);
