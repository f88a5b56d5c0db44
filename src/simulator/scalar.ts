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
  [/(?<!up)date|birthday/i, "2025-01-31"],
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
  const multiple = number(schema["multipleOf"]) ?? 0;
  const grid = multiple > 0 ? multiple : step;
  const least = Math.max(number(schema["minimum"]) ?? -Infinity, above(number(schema["exclusiveMinimum"]), grid));
  const most = Math.min(number(schema["maximum"]) ?? Infinity, below(number(schema["exclusiveMaximum"]), grid));
  const wanted = draw.hints.numbers[draw.numbersUsed++] ?? 1;
  if (grid > 0) return onGrid(Math.min(Math.max(wanted, least), most), grid, least);
  if (wanted >= least && wanted <= most) return wanted;
  if (Number.isFinite(least) && Number.isFinite(most)) return (least + most) / 2;
  return Number.isFinite(least) ? least : most;
}

function onGrid(value: number, grid: number, least: number): number {
  const down = Math.floor(value / grid) * grid;
  return down >= least ? down : Math.ceil(value / grid) * grid;
}

/** The least value above a bound: the next on the grid, or a thousandth of the bound's size further. */
function above(bound: number | undefined, grid: number): number {
  if (bound === undefined) return -Infinity;
  return grid > 0 ? (Math.floor(bound / grid) + 1) * grid : bound + Math.max(Math.abs(bound), 1) / 1000;
}

function below(bound: number | undefined, grid: number): number {
  return bound === undefined ? Infinity : -above(-bound, grid);
}
