import { describe, expect, test } from "vitest";
import { BadRequest } from "../../src/simulator/dialect.ts";
import { readScenario, scenarioWords } from "../../src/simulator/scenario.ts";

describe("scenario words", () => {
  test("come from the model name, the header and the body field", () => {
    const words = scenarioWords("openai/gpt@1:latency-5", "429, retry-after-2", "pace-0:first-token-1");
    expect(words).toEqual(["latency-5", "429", "retry-after-2", "pace-0", "first-token-1"]);
  });

  test("add up to a scenario", () => {
    expect(readScenario(["429", "retry-after-2", "latency-5", "pace-0", "first-token-1"])).toEqual({
      fault: 429,
      retryAfterS: 2,
      latencyMs: 5,
      tokenMs: 0,
      firstTokenMs: 1,
    });
  });

  test.each([["8b"], ["200"], ["600"], ["latency"], ["latency--1"], ["toString"], ["latency-1.5"]])(
    "%s is unknown, and the known ones are told",
    (word) => {
      expect(() => readScenario([word])).toThrow(BadRequest);
      expect(() => readScenario([word])).toThrow(/unknown scenario word .*retry-after-<number>.*stall-mid/);
    },
  );

  test("bounds waits, the number of words and contradictions", () => {
    expect(readScenario(["latency-600000"])).toEqual({ latencyMs: 600_000 });
    expect(() => readScenario(["latency-600001"])).toThrow(/above 600000/);
    expect(() => readScenario(Array.from({ length: 17 }, () => "429"))).toThrow(/at most 16/);
    expect(() => readScenario(["429", "stall"])).toThrow(/exclude each other/);
  });
});
