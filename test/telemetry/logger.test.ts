import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLogger, faultOf, type LoggerOptions, prettifierFor } from "../../src/telemetry/logger.ts";

let folder: string;
let file: string;
let to: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llmhub-log-"));
  file = join(folder, "log");
  to = openSync(file, "a");
});
afterEach(() => {
  closeSync(to);
  rmSync(folder, { recursive: true });
});

function options(over: Partial<LoggerOptions> = {}): LoggerOptions {
  return { level: "info", prettify: undefined, to, dropped: () => {}, ...over };
}

function written(over: Partial<LoggerOptions> = {}): string {
  const logger = createLogger(options(over));
  logger.debug({ callId: "quiet" }, "call");
  logger.info({ callId: "cmp_1", durationMs: 1.5 }, "call");
  logger.flush();
  return readFileSync(file, "utf8");
}

test("one JSON object per line, with a readable time and level, down to the level that is set", () => {
  const lines = written().trim().split("\n");
  expect(lines).toHaveLength(1);
  const line = JSON.parse(lines[0] ?? "");
  expect(line).toEqual({ level: "info", time: expect.any(String), callId: "cmp_1", durationMs: 1.5, msg: "call" });
  expect(new Date(line.time).toISOString()).toBe(line.time);
});

test("a terminal gets lines for people, a file does not", async () => {
  expect(written({ prettify: await prettifierFor("auto", true) })).not.toContain('{"level"');
  expect(written({ prettify: await prettifierFor("auto", false) })).toContain('{"level":"info"');
});

test("a secret logged by mistake is not readable", () => {
  const logger = createLogger(options());
  const mistake: object = { authorization: "Bearer s3cret", headers: { "x-api-key": "s3cret" } };
  logger.info(mistake, "oops");
  logger.flush();
  expect(readFileSync(file, "utf8")).not.toContain("s3cret");
});

test("an unexpected error is told by class, system code and frames, never by its message", () => {
  const error = Object.assign(new TypeError("the prompt was: hello\n    at the beach"), { code: "ECONNRESET" });
  const fault = faultOf(error);
  expect(fault).toMatchObject({ type: "TypeError", systemCode: "ECONNRESET" });
  expect(fault?.stack[0]).toContain("logger.test.ts");
  expect(JSON.stringify(fault)).not.toMatch(/hello|beach/);
  expect(faultOf("secret")).toEqual({ type: "string", systemCode: "", stack: [] });
  expect(faultOf(undefined)).toBeUndefined();
});
