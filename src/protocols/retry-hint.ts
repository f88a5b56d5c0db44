import type { Headers } from "../model/protocol.ts";

/** Longest delay that a provider's hint is believed for: longer ones are mistakes. */
export const retryMsMax = 600_000;

/** Longest header that is looked at: a hint is short. */
const hintCharsMax = 64;

/** Pairs of headers that tell what is left of a budget and when it fills again: of OpenAI, OpenRouter, Cerebras and Anthropic. */
const budgets: readonly (readonly [remaining: string, reset: string])[] = [
  ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
  ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
  ["x-ratelimit-remaining", "x-ratelimit-reset"],
  ["x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"],
  ["x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"],
  ...["requests", "tokens", "input-tokens", "output-tokens"].map(
    (kind) => [`anthropic-ratelimit-${kind}-remaining`, `anthropic-ratelimit-${kind}-reset`] as const,
  ),
];

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/**
 * When a repeat may help, as the headers tell it: the longer of retry-after (seconds or an HTTP date, RFC 9110) and
 * retry-after-ms, or else the time until the last used-up budget fills again; at most 10 minutes. "never" where
 * x-should-retry says so; undefined when nothing readable is said. `nowMs` is wall-clock time.
 */
export function retryMsOf(headers: Headers, nowMs: number): number | "never" | undefined {
  if (textOf(headers, "x-should-retry").toLowerCase() === "false") return "never";
  const ms = numberOf(textOf(headers, "retry-after-ms"));
  const after = afterMsOf(textOf(headers, "retry-after"), nowMs);
  const delays = [ms, after].filter(isDelay);
  const known = delays.length > 0 ? delays : budgets.map((budget) => resetMsOf(headers, budget, nowMs)).filter(isDelay);
  return known.length === 0 ? undefined : Math.min(Math.max(...known), retryMsMax);
}

const told = /(?:try again in|retry after) (?:(\d+(?:\.\d+)?) seconds?\b|((?:\d+(?:\.\d+)?(?:ms|[dhms]))+))/i;

/** A delay in the words of a message: "Please try again in 7m12.5s" at OpenAI and Groq, "retry after 6 seconds" at Azure. */
export function retryMsIn(message: string): number | undefined {
  const [, seconds, span] = told.exec(message) ?? [];
  const ms = seconds === undefined ? spanMsOf(span ?? "") : Number(seconds) * 1000;
  return ms === undefined ? undefined : Math.min(ms, retryMsMax);
}

function afterMsOf(value: string, nowMs: number): number | undefined {
  const seconds = numberOf(value);
  if (seconds !== undefined) return seconds * 1000;
  // Date.parse finds a date in almost anything with a digit; an HTTP date begins with the day of the week.
  return /^(mon|tue|wed|thu|fri|sat|sun)/i.test(value) ? untilMs(value, nowMs) : undefined;
}

function resetMsOf(headers: Headers, [remaining, reset]: (typeof budgets)[number], nowMs: number): number | undefined {
  if (numberOf(textOf(headers, remaining)) !== 0) return undefined;
  const value = textOf(headers, reset);
  // Milliseconds or seconds since 1970; nobody means that many seconds from now.
  if (/^\d{13}$/.test(value)) return Math.max(0, Number(value) - nowMs);
  if (/^\d{10}$/.test(value)) return Math.max(0, Number(value) * 1000 - nowMs);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? untilMs(value, nowMs) : spanMsOf(value);
}

/** "1m19.156s", "13ms"; a number alone is seconds. */
function spanMsOf(value: string): number | undefined {
  const seconds = numberOf(value);
  if (seconds !== undefined) return seconds * 1000;
  if (!/^(\d+(\.\d+)?(ms|[dhms]))+$/.test(value)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit = ""] of value.matchAll(/([\d.]+)(ms|[dhms])/g))
    sumMs += Number(amount) * (unitMs[unit] ?? 0);
  return sumMs;
}

function untilMs(date: string, nowMs: number): number {
  return Math.max(0, Date.parse(date) - nowMs);
}

function numberOf(value: string): number | undefined {
  return /^-?\d*\.?\d+(e\d+)?$/i.test(value) ? Number(value) : undefined;
}

/** Without blanks around it; empty when absent, repeated or too long to be a hint. */
function textOf(headers: Headers, name: string): string {
  const value = headers[name];
  return typeof value === "string" && value.length <= hintCharsMax ? value.trim() : "";
}

/** Neither absent, nor negative, nor an unreadable date. */
function isDelay(ms: number | undefined): ms is number {
  return ms !== undefined && ms >= 0;
}
