import { BadRequest } from "./dialect.ts";

/** Misbehaviours with a name; "-mid" ones happen after about half of the answer. */
const misbehaviours = [
  "context-length",
  "quota",
  "refusal",
  "reset",
  "reset-mid",
  "stall",
  "stall-mid",
  "truncate",
  "garbage",
  "html",
  "empty",
  "error-first",
  "error-mid",
] as const;

/** One of the named misbehaviours. */
export type Misbehaviour = (typeof misbehaviours)[number];

/** How an answer is to go wrong or slow. A number in `fault` is the HTTP status to fail with. */
export interface Scenario {
  readonly fault?: number | Misbehaviour;
  /** Seconds told in the retry-after header of a failure. */
  readonly retryAfterS?: number;
  /** Wait before the headers. */
  readonly latencyMs?: number;
  /** Wait from headers to first token. */
  readonly firstTokenMs?: number;
  /** Wait between tokens. */
  readonly tokenMs?: number;
}

const measures = {
  "retry-after": "retryAfterS",
  latency: "latencyMs",
  "first-token": "firstTokenMs",
  pace: "tokenMs",
} as const;
const measureMax = 600_000;
const wordsMax = 16;
const known = `a status from 400 to 599, ${Object.keys(measures)
  .map((word) => `${word}-<number>`)
  .join(", ")}, ${misbehaviours.join(", ")}`;

/** The scenario words of a request: after the colons of the model name, then of the header, then of the body field. */
export function scenarioWords(model: string, header: string, field: string): string[] {
  const words = [...model.split(":").slice(1), ...header.split(/[,:]/), ...field.split(/[,:]/)];
  return words.map((word) => word.trim()).filter((word) => word !== "");
}

/** Puts words together into a scenario; throws a BadRequest that lists the known words for one it does not know. */
export function readScenario(words: readonly string[]): Scenario {
  if (words.length > wordsMax) throw new BadRequest(`at most ${wordsMax} scenario words, not ${words.length}`);
  return words.reduce<Scenario>(withWord, {});
}

function withWord(scenario: Scenario, word: string): Scenario {
  const fault = faultOf(word);
  if (fault === undefined) return { ...scenario, ...measureOf(word) };
  if (scenario.fault === undefined || scenario.fault === fault) return { ...scenario, fault };
  throw new BadRequest(`scenario words ${scenario.fault} and ${fault} exclude each other: keep one`);
}

function faultOf(word: string): number | Misbehaviour | undefined {
  return /^[45]\d\d$/.test(word) ? Number(word) : misbehaviours.find((each) => each === word);
}

function measureOf(word: string): Scenario {
  const [, name = "", digits = ""] = /^([a-z-]+)-(\d+)$/.exec(word) ?? [];
  const field = Object.entries(measures).find(([each]) => each === name)?.[1];
  if (field === undefined) throw new BadRequest(`unknown scenario word '${word.slice(0, 80)}': known are ${known}`);
  if (Number(digits) > measureMax) throw new BadRequest(`scenario word '${word}' is above ${measureMax}`);
  return { [field]: Number(digits) };
}
