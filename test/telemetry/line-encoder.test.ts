import fc from "fast-check";
import { pino, stdTimeFunctions } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LineEncoder } from "../../src/telemetry/line-encoder.ts";
import type { LogFields } from "../../src/telemetry/logger.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** What pino makes of a record, with the settings of the gateway. */
function byPino(fields: object, message: string, base: object | null = null): string {
  let made = "";
  const settings = { base, timestamp: stdTimeFunctions.isoTime };
  const logger = pino(
    { ...settings, formatters: { level: (label) => ({ level: label }) } },
    {
      write: (line) => {
        made += line;
      },
    },
  );
  logger.info(fields, message);
  return Buffer.from(made).toString("latin1");
}

/** Undefined: it is left to pino. */
function byHand(fields: object, message: string, worker?: number): string | undefined {
  const encoder = new LineEncoder("info", new Set(["secret", "err"]), worker);
  const length = encoder.encode(fields as LogFields, message);
  return length === 0 ? undefined : encoder.bytes.toString("latin1", 0, length);
}

const plainText = fc.stringMatching(/^[ !#-[\]-~]{0,90}$/);
const number = fc.oneof(
  fc.nat(),
  fc.nat().map((tenths) => tenths / 10),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 214748364.7, 214748364.8, 2 ** 31, 1e21, 0.1 + 0.2),
);
const time = fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });

test("an ordinary record is made by hand, byte for byte as pino makes it", () => {
  const name = fc.stringMatching(/^[a-z]\w{3,8}$/);
  const labels = fc.dictionary(plainText, plainText, { maxKeys: 4, noNullPrototype: true });
  const value = fc.oneof(plainText, number, fc.boolean(), fc.constant(undefined), labels);
  const record = fc.dictionary(name, value, { maxKeys: 10, noNullPrototype: true });
  fc.assert(
    fc.property(record, plainText, time, (fields, message, now) => {
      vi.setSystemTime(now);
      expect(byHand(fields, message)).toBe(byPino(fields, message));
      expect(byHand(fields, message, 7)).toBe(byPino(fields, message, { worker: 7 }));
    }),
    { numRuns: 1000 },
  );
});

test("a record of any kind is made as pino makes it, or left to pino", () => {
  const text = fc.oneof(plainText, fc.string({ unit: "binary" }), fc.string({ minLength: 90, maxLength: 3000 }));
  const name = fc.oneof(
    fc.stringMatching(/^[a-z]\w{0,8}$/),
    fc.constantFrom("callId", "time", "level", "msg", "a b", "é"),
  );
  const value = fc.oneof(text, number, fc.constant(Number.NaN), fc.dictionary(text, text), fc.jsonValue());
  const record = fc.dictionary(name, value, { noNullPrototype: true });
  fc.assert(
    fc.property(record, text, (fields, message) => {
      const line = byHand(fields, message);
      if (line !== undefined) expect(line).toBe(byPino(fields, message));
    }),
    { numRuns: 300 },
  );
});

test("what pino has rules for is left to it, and so is what is long, and an object with a text of its own", () => {
  const others: readonly object[] = [
    { secret: "s3cret" },
    { err: "broken" },
    { count: Number.NaN },
    { problem: '"' },
    { problem: "é" },
    { problem: "\n" },
    { problem: "x".repeat(5000) },
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, "x".repeat(100)])),
    { fault: ["a"] },
    { facts: { count: 1 } },
    { facts: new Date(0) },
    { facts: null },
  ];
  for (const fields of others) expect(byHand(fields, "call")).toBeUndefined();
  expect(byHand({ count: 1 }, "é")).toBeUndefined();
});

test("the time is that of each line", () => {
  const times = [
    "2026-01-01T00:00:00.007Z",
    "2026-01-01T00:00:00.070Z",
    "2026-01-01T00:00:59.999Z",
    "1970-01-01T00:00:00.000Z",
  ];
  const seen = times.map((time) => {
    vi.setSystemTime(new Date(time));
    return JSON.parse(byHand({ callId: "cmp_1" }, "call") ?? "").time;
  });
  expect(seen).toEqual(times);
});
