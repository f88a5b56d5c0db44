import { expect, test } from "vitest";
import { type Blame, blameOf } from "../../src/model/blame.ts";
import { GatewayError, type Reason } from "../../src/model/error.ts";

const provider = { timeouts: { firstOutputMs: 1000, idleMs: 500, totalMs: 5000 } };

type Row = [reason: Reason, info: Record<string, string>, status: number, blame: Blame | undefined];

test.each<Row>([
  ["PROVIDER_UNAVAILABLE", { cause: "connect" }, 0, "endpoint"],
  ["PROVIDER_UNAVAILABLE", { cause: "connect_timeout" }, 0, "endpoint"],
  ["PROVIDER_UNAVAILABLE", { cause: "dns" }, 0, "endpoint"],
  ["PROVIDER_UNAVAILABLE", { cause: "tls" }, 0, "endpoint"],
  ["PROVIDER_UNAVAILABLE", { cause: "reset" }, 0, "endpoint"],
  ["STREAM_INTERRUPTED", { cause: "reset" }, 0, "endpoint"],
  ["PROVIDER_UNAVAILABLE", {}, 500, "model"],
  ["PROVIDER_UNAVAILABLE", {}, 409, undefined],
  ["PROVIDER_OVERLOADED", {}, 529, "model"],
  ["PROVIDER_BAD_RESPONSE", { cause: "garbage" }, 0, "model"],
  ["STREAM_INTERRUPTED", { cause: "truncated" }, 0, "model"],
  ["STREAM_INTERRUPTED", { cause: "stalled" }, 0, "model"],
  ["STREAM_INTERRUPTED", { cause: "provider_rate_limited" }, 0, "rate"],
  ["PROVIDER_TIMEOUT", {}, 504, "model"],
  ["PROVIDER_TIMEOUT", { cause: "first_output", timeoutMs: "1000" }, 0, "model"],
  ["PROVIDER_TIMEOUT", { cause: "first_output", timeoutMs: "999" }, 0, undefined],
  ["PROVIDER_TIMEOUT", { cause: "idle", timeoutMs: "500" }, 0, "model"],
  ["PROVIDER_TIMEOUT", { cause: "total", timeoutMs: "5000" }, 0, undefined],
  ["STREAM_INTERRUPTED", { cause: "total" }, 0, undefined],
  ["PROVIDER_RATE_LIMITED", {}, 429, "rate"],
  ["PROVIDER_QUOTA_EXHAUSTED", {}, 429, "quota"],
  ["PROVIDER_CREDENTIAL_INVALID", {}, 401, "credential"],
  ["PROVIDER_INVALID_REQUEST", {}, 400, undefined],
  ["PROVIDER_CONTENT_FILTERED", {}, 400, undefined],
  ["MODEL_NOT_FOUND", {}, 404, undefined],
  ["PROVIDER_MODEL_NOT_FOUND", {}, 404, undefined],
  ["CONTEXT_LENGTH_EXCEEDED", {}, 400, undefined],
  ["DEADLINE_EXCEEDED", { cause: "provider_first_token" }, 0, undefined],
  ["CANCELLED", {}, 0, undefined],
  ["GATEWAY_OVERLOADED", { cause: "connections" }, 0, undefined],
  ["NO_HEALTHY_TARGET", {}, 0, undefined],
  ["INTERNAL", {}, 0, undefined],
])("%s %o with status %i speaks against: %s", (reason, metadata, status, blame) => {
  const error = new GatewayError(reason, "", { metadata, upstream: { status, code: "", requestId: "" } });
  expect(blameOf(error, provider)).toBe(blame);
});
