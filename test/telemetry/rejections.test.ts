import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import type { LogFields, Logger } from "../../src/telemetry/logger.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { rejections } from "../../src/telemetry/rejections.ts";

test("an RPC that dies early leaves one line and one count, and made-up methods stay bounded", async () => {
  const lines: [string, LogFields][] = [];
  const at = (level: string) => (fields: LogFields) => void lines.push([level, fields]);
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), flush() {} };
  const metrics = new Metrics("1");
  const reject = rejections(logger, metrics);
  const rejection = { requestId: "r", keyId: "", tenantId: "", durationMs: 1 };
  reject({ ...rejection, method: "a/B" }, new GatewayError("API_KEY_INVALID", "no such key"));
  reject({ ...rejection, method: "a/B" }, new RangeError("boom"));
  expect(lines).toMatchObject([
    ["info", { method: "a/B", code: "UNAUTHENTICATED", reason: "API_KEY_INVALID" }],
    ["error", { code: "INTERNAL", fault: { type: "RangeError" } }],
  ]);
  for (let i = 0; i < 1000; i++) reject({ ...rejection, method: `m${i}` }, new GatewayError("NOT_FOUND", "no"));
  const text = (await metrics.registry.metrics())
    .split("\n")
    .filter((line) => line.startsWith("llmhub_rejected_calls"));
  expect(text).toContain('llmhub_rejected_calls_total{method="a/B",reason="API_KEY_INVALID"} 1');
  expect(text).toHaveLength(2 + 63 + 1);
});

test("of calls that are too many every one is counted, and ten lines a second stand for all", async () => {
  const lines: LogFields[] = [];
  const info = (fields: LogFields) => void lines.push(fields);
  const metrics = new Metrics("1");
  let nowMs = 5000;
  const reject = rejections({ debug() {}, info, warn() {}, error() {}, flush() {} }, metrics, () => nowMs);
  const rejection = { method: "a/B", requestId: "r", keyId: "", tenantId: "", durationMs: 1 };
  const shed = new GatewayError("GATEWAY_OVERLOADED", "too many");
  for (let i = 0; i < 500; i++) reject(rejection, shed);
  reject(rejection, new GatewayError("API_KEY_INVALID", "no such key"));
  expect(lines.map(({ count }) => count)).toEqual([...Array(10).fill(1), undefined]);
  nowMs += 1000;
  reject(rejection, shed);
  expect(lines.at(-1)).toMatchObject({ reason: "GATEWAY_OVERLOADED", count: 491 });
  const text = await metrics.registry.metrics();
  expect(text).toContain('llmhub_rejected_calls_total{method="a/B",reason="GATEWAY_OVERLOADED"} 501');
});
