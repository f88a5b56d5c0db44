import { describe, expect, it, test } from "vitest";
import { retryMsIn, retryMsOf } from "../../src/protocols/retry-hint.ts";

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);

describe("the delay", () => {
  it.each<[Record<string, string | string[]>, number | undefined]>([
    [{}, undefined],
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": " 0.5 " }, 500],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "-1" }, undefined],
    [{ "retry-after": "1e9" }, 600_000],
    [{ "retry-after": "abc" }, undefined],
    [{ "retry-after": "abc 5" }, undefined],
    [{ "retry-after": "5." }, undefined],
    [{ "retry-after": "" }, undefined],
    [{ "retry-after": " " }, undefined],
    [{ "retry-after": "1".repeat(65) }, undefined],
    [{ "retry-after": ["1", "2"] }, undefined],
    [{ "retry-after": "Thu, 01 Jan 2026 12:00:30 GMT" }, 30_000],
    [{ "retry-after": "Thu, 01 Jan 2026 11:00:00 GMT" }, 0],
    [{ "retry-after": "Fri, 02 Jan 2026 12:00:00 GMT" }, 600_000],
    [{ "retry-after": "Thu, 99 Jan 2026" }, undefined],
    [{ "retry-after-ms": "150" }, 150],
    [{ "retry-after-ms": "150", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": "2500", "retry-after": "2" }, 2500],
    [{ "retry-after-ms": "0" }, 0],
    [{ "retry-after-ms": "-5", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": "soon", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": "", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": " " }, undefined],
    [{ "retry-after-ms": "1e12" }, 600_000],
  ])("of %j", (headers, delayMs) => {
    expect(retryMsOf(headers, nowMs)).toBe(delayMs);
  });

  it("is none where the provider advises against a repeat", () => {
    expect(retryMsOf({ "x-should-retry": "false", "retry-after": "2" }, nowMs)).toBe("never");
    expect(retryMsOf({ "x-should-retry": "true", "retry-after": "2" }, nowMs)).toBe(2000);
  });
});

describe("without a delay, the time until a used-up budget fills again", () => {
  const openAi = (kind: string, remaining: string, reset: string) => ({
    [`x-ratelimit-remaining-${kind}`]: remaining,
    [`x-ratelimit-reset-${kind}`]: reset,
  });
  const anthropic = (kind: string, remaining: string, reset: string) => ({
    [`anthropic-ratelimit-${kind}-remaining`]: remaining,
    [`anthropic-ratelimit-${kind}-reset`]: reset,
  });

  it.each<[Record<string, string>, number | undefined]>([
    [openAi("requests", "0", "1m19.156s"), 79_156],
    [openAi("tokens", "0", "13ms"), 13],
    [openAi("tokens", "0", "1h2m3s"), 600_000],
    [openAi("tokens", "0", "1.5"), 1500],
    [openAi("tokens", "0", "soon"), undefined],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(nowMs + 4000) }, 4000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(nowMs - 4000) }, 0],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(nowMs / 1000 + 4) }, 4000],
    [openAi("tokens-minute", "0", "12.5"), 12_500],
    [openAi("requests-day", "0", "33011.38"), 600_000],
    [{ "x-ratelimit-remaining": "1", "x-ratelimit-reset": String(nowMs + 4000) }, undefined],
    [openAi("tokens", "0", ""), undefined],
    [openAi("tokens", "7", "6m0s"), undefined],
    [openAi("tokens", "", "6m0s"), undefined],
    [{ ...openAi("tokens", "0", "6s"), ...openAi("requests", "0", "8s") }, 8000],
    [{ ...openAi("tokens", "0", "6s"), ...openAi("requests", "1", "8s") }, 6000],
    [{ ...openAi("tokens", "0", "6s"), "retry-after": "1" }, 1000],
    [anthropic("input-tokens", "0", "2026-01-01T12:00:30Z"), 30_000],
    [anthropic("tokens", "0", "2026-01-01T11:00:00Z"), 0],
    [anthropic("requests", "0", "2026-99-01T11:00:00Z"), undefined],
    [anthropic("output-tokens", "5", "2026-01-01T12:00:30Z"), undefined],
  ])("of %j", (headers, delayMs) => {
    expect(retryMsOf(headers, nowMs)).toBe(delayMs);
  });
});

test.each([
  ["Rate limit reached for gpt-4o. Please try again in 86ms. Visit https://platform.openai.com", 86],
  ["Please try again in 7m12.672s. Need more tokens?", 432_672],
  ["Please try again in 2h3m", 600_000],
  ["Please retry after 26 seconds. Please go here", 26_000],
  ["retry after 1 second", 1000],
  ["Please try again in 5 minutes.", undefined],
  ["Please try again in a while.", undefined],
  ["Please try again later.", undefined],
])("the words %j tell a delay of %j ms", (message, delayMs) => {
  expect(retryMsIn(message)).toBe(delayMs);
});
