import type { Hints } from "./hints.ts";
import { type JsonObject, number, string } from "./json.ts";

const lengthMax = 100_000;

/** What has been taken from the hints so far, so that two properties get two different names or numbers. */
export interface Draw {
  readonly hints: Hints;
  phrasesUsed: number;
  numbersUsed: number;
}

const formats: Readonly<Record<string, string>> = {
  date: "2025-01-31",
  "date-time": "2025-01-31T12:00:00Z",
  time: "12:00:00Z",
  duration: "PT1H",
  email: "ada@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000001",
};

const byName: readonly (readonly [RegExp, string])[] = [
  [/time_?zone/i, "UTC"],
  [/currency/i, "EUR"],
  [/language|locale/i, "en"],
  [/date|day/i, "2025-01-31"],
  [/e?mail/i, "ada@example.com"],
  [/url|uri|link/i, "https://example.com/"],
];

const wholeText = /query|question|text|prompt|message|expression|body|content|explanation|answer|summary|description/i;
const place = /city|location|place|town|country|address|destination|origin/i;

/** A string that fits the schema's format and lengths; otherwise a name, or words, from the prompt. */
export function sampleString(draw: Draw, schema: JsonObject, name: string): string {
  const format = formats[string(schema["format"])];
  if (format !== undefined) return format;
  const atLeast = Math.min(number(schema["minLength"]) ?? 0, lengthMax);
  const atMost = Math.min(number(schema["maxLength"]) ?? lengthMax, lengthMax);
  return wording(draw, name).padEnd(atLeast, ".").slice(0, atMost);
}

function wording(draw: Draw, name: string): string {
  const { text, phrases } = draw.hints;
  const fixed = byName.find(([pattern]) => pattern.test(name))?.[1];
  if (fixed !== undefined) return fixed;
  if (wholeText.test(name) && text !== "") return text.slice(0, 200);
  const phrase = phrases[draw.phrasesUsed++];
  if (phrase !== undefined) return phrase;
  if (place.test(name)) return phrases[0] ?? "Paris";
  return phrases[0] ?? (text.split(/\s+/).slice(0, 5).join(" ") || "sample");
}

/** The prompt's next number, moved into the schema's bounds and onto `step` or multipleOf; `step` 0 allows fractions. */
export function sampleNumber(draw: Draw, schema: JsonObject, step: number): number {
  const multiple = number(schema["multipleOf"]);
  const grid = multiple !== undefined && multiple > 0 ? multiple : step;
  const nudge = grid > 0 ? grid : 0.5;
  const over = number(schema["exclusiveMinimum"]);
  const under = number(schema["exclusiveMaximum"]);
  const least = Math.max(number(schema["minimum"]) ?? -Infinity, over === undefined ? -Infinity : above(over, grid));
  const most = Math.min(number(schema["maximum"]) ?? Infinity, under === undefined ? Infinity : below(under, grid));
  const wanted = draw.hints.numbers[draw.numbersUsed++] ?? Math.max(nudge === 0.5 ? 1 : nudge, 1);
  const inside = Math.min(Math.max(wanted, least), most);
  if (grid === 0) return inside === over || inside === under ? (least + most) / 2 : inside;
  const down = Math.floor(inside / grid) * grid;
  return down >= least ? down : Math.ceil(inside / grid) * grid;
}

function above(bound: number, grid: number): number {
  return grid > 0 ? (Math.floor(bound / grid) + 1) * grid : bound;
}

function below(bound: number, grid: number): number {
  return grid > 0 ? (Math.ceil(bound / grid) - 1) * grid : bound;
}
