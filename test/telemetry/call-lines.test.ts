import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { CallLines } from "../../src/telemetry/call-lines.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { memoryLogger } from "../support/memory-logger.ts";

const end = {
  requestId: "r",
  keyId: "k",
  tenantId: "acme",
  durationMs: 15.79616199999873,
  handled: true,
  error: undefined,
};

test("a call is told of once, and truthfully", () => {
  const lines: string[] = [];
  const calls = new CallLines(memoryLogger(lines), new Metrics("0"), ["llmhub.v1.A/Chained"]);
  calls.ended({ ...end, method: "llmhub.v1.A/Chained" });
  calls.ended({ ...end, method: "llmhub.v1.B/Other" });
  calls.ended({ ...end, method: "grpc.health.v1.Health/Check" });
  const error = new GatewayError("API_KEY_INVALID", "no");
  calls.ended({ ...end, method: "llmhub.v1.A/Chained", handled: false, error });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      level: "info",
      message: "call",
      method: "llmhub.v1.B/Other",
      keyId: "k",
      tenantId: "acme",
      code: "OK",
      durationMs: 15.8,
    },
    { level: "debug", message: "call", method: "grpc.health.v1.Health/Check", code: "OK" },
    { level: "info", message: "rejected", method: "llmhub.v1.A/Chained", reason: "API_KEY_INVALID" },
  ]);
});
