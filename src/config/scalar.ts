import { isIP } from "node:net";
import * as v from "valibot";
import type { Address } from "./schema.ts";

const dayMs = 24 * 60 * 60 * 1000;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const durationParts = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;
const addressParts = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

const nanosPerDollar = 1e9;
/** Dollars for a million tokens; above this a double no longer holds billionths exactly. */
const priceMax = 1_000_000;

/** Text of at least one character. */
export function text(description: string) {
  return v.pipe(v.string(), v.nonEmpty("is empty; give a value or remove the field"), v.description(description));
}

/** Text of one form; `message` says which form and how to mend. */
export function pattern(form: RegExp, message: string, description: string) {
  return v.pipe(v.string(), v.regex(form, message), v.description(description));
}

/** A whole number within bounds, both included. */
export function integer(min: number, max: number, description: string) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
    v.description(description),
  );
}

/** "auto", or a whole number within bounds, which an environment variable gives as text. */
export function count(max: number, description: string) {
  const message = `must be auto or a whole number from 1 to ${max}`;
  const isCount = (value: number | string) =>
    value === "auto" || (/^\d{1,9}$/.test(String(value)) && Number(value) >= 1 && Number(value) <= max);
  return v.pipe(
    v.union([v.number(), v.string()], message),
    v.check(isCount, message),
    v.description(description),
    v.examples(["auto", 4]),
    v.transform((value) => (value === "auto" ? value : Number(value))),
  );
}

/** A length of time such as "1.5s"; gives milliseconds, from `minMs` to one day. */
export function duration(description: string, minMs = 1) {
  const message = `must be a length of time such as 500ms, 2s, 10m or 1h, ${minMs === 0 ? "" : "above 0 and "}at most 24h`;
  return v.pipe(
    v.string(message),
    v.regex(durationParts, message),
    v.description(minMs > 1 ? `${description} At least ${minMs}ms.` : description),
    v.examples(minMs === 0 ? ["0s", "500ms", "10m"] : ["500ms", "10m"]),
    v.transform(durationMs),
    v.minValue(minMs, message),
    v.maxValue(dayMs, message),
  );
}

function durationMs(value: string): number {
  const [, amount = "", unit = ""] = durationParts.exec(value) ?? [];
  return Math.round(Number(amount) * (unitMs[unit] ?? Number.NaN));
}

/** An IP address, or a network such as "10.0.0.0/8". */
export function network(description: string) {
  const message = 'must be an IP address or a network, such as 10.0.0.0/8, 192.0.2.7 or "fd00::/8"';
  return v.pipe(
    v.string(message),
    v.check(isNetwork, message),
    v.description(description),
    v.examples(["192.0.2.7", "10.0.0.0/8"]),
  );
}

function isNetwork(value: string): boolean {
  const [address = "", length, ...rest] = value.split("/");
  const version = isIP(address);
  if (version === 0 || address.includes("%") || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128));
}

/** "host:port"; IPv6 hosts stand in brackets. */
export function address(description: string) {
  const message = "must be host:port, such as 127.0.0.1:50051, [::1]:50051 or 0.0.0.0:50051";
  return v.pipe(
    v.string(message),
    v.regex(addressParts, message),
    v.description(description),
    v.examples(["127.0.0.1:50051", "[::1]:50051"]),
    v.transform(addressOf),
    v.check(({ port }) => port <= 65535, message),
  );
}

function addressOf(value: string): Address {
  const [, bracketed, plain = "", port = ""] = addressParts.exec(value) ?? [];
  return { host: bracketed ?? plain, port: Number(port) };
}

/** A moment with its zone; gives milliseconds since 1970. */
export function time(description: string) {
  const message = "must be a time with a zone, such as 2027-01-01T00:00:00Z";
  return v.pipe(
    v.string(message),
    v.regex(instant, message),
    v.description(description),
    v.examples(["2027-01-01T00:00:00Z"]),
    v.transform((value) => Date.parse(value)),
    v.check((ms) => Number.isFinite(ms), message),
  );
}

/** US dollars for a million tokens; gives billionths of a dollar, exactly. */
export function price(description: string) {
  const message = `must be a number of US dollars from 0 to ${priceMax}, with at most 9 decimals`;
  return v.pipe(
    v.number(message),
    v.minValue(0, message),
    v.maxValue(priceMax, message),
    v.check((dollars) => Number(dollars.toFixed(9)) === dollars, message),
    v.description(description),
    v.transform(nanosOf),
  );
}

function nanosOf(dollars: number): bigint {
  const [whole = "0", decimals = "0"] = dollars.toFixed(9).split(".");
  return BigInt(whole) * BigInt(nanosPerDollar) + BigInt(decimals);
}

/** Name of a place as providers have it. */
export function region(description: string) {
  return pattern(/^[a-z0-9-]{1,64}$/, "must be lower-case letters, digits and -, as in eu-central-1", description);
}

/** Words of the operator's own. */
export function tags(description: string) {
  const message = "must be letters, digits, dots, :, - or _, at most 64";
  const tag = pattern(/^[A-Za-z0-9._:-]{1,64}$/, message, "A word.");
  return v.pipe(v.array(tag), v.maxLength(32, "must not have more than 32 entries"), v.description(description));
}

/** Address of a provider's API, without credentials, query and fragment; gives it without trailing slashes. */
export function baseUrl(description: string) {
  const message = "must be an http:// or https:// URL without user name, password, query and fragment";
  return v.pipe(
    v.string(message),
    v.check(isBaseUrl, message),
    v.description(description),
    v.examples(["https://llm.example.com/v1"]),
    v.transform((url) => url.replace(/\/+$/, "")),
  );
}

function isBaseUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || /[\s?#@]/.test(value)) return false;
  return (url.protocol === "http:" || url.protocol === "https:") && /^https?:\/\/[^/]/i.test(value);
}

/** Whether a text is "host:port". */
export function isAddress(text: string): boolean {
  return v.is(address(""), text);
}
