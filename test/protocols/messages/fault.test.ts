import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { Failure } from "../../../src/model/protocol.ts";
import { fault } from "../../../src/protocols/messages/fault.ts";
import { attemptOf, cases, requestOf } from "./cases.ts";

const failure = (status: number, body: string, more: Partial<Failure> = {}): Failure => ({
  provider: "anthropic",
  model: "claude-test",
  modelDeclared: true,
  status,
  headers: {},
  body,
  ...more,
});
const error = (type: string, message = "the words of a customer", more: object = {}) =>
  JSON.stringify({ type: "error", error: { type, message, ...more }, request_id: "req_1" });

test.each(cases.filter(({ status }) => status >= 400))(
  "recorded $name",
  ({ call, status, headers, body, expected }) => {
    const { model } = attemptOf(requestOf(call)).target;
    const found = fault(failure(status, body.toString(), { headers, model }));
    expect({ error: { reason: found.reason, code: Code[found.code], metadata: found.info } }).toEqual(expected);
  },
);

// The rest is written by hand: no recording has these.
describe("an error body", () => {
  test.each([
    [400, "invalid_request_error", "PROVIDER_INVALID_REQUEST"],
    [401, "authentication_error", "PROVIDER_CREDENTIAL_INVALID"],
    [402, "billing_error", "PROVIDER_QUOTA_EXHAUSTED"],
    [403, "permission_error", "PROVIDER_CREDENTIAL_INVALID"],
    [404, "not_found_error", "PROVIDER_INVALID_REQUEST"],
    [413, "request_too_large", "PROVIDER_INVALID_REQUEST"],
    [429, "rate_limit_error", "PROVIDER_RATE_LIMITED"],
    [500, "api_error", "PROVIDER_UNAVAILABLE"],
    [500, "overloaded_error", "PROVIDER_OVERLOADED"],
    [504, "timeout_error", "PROVIDER_TIMEOUT"],
    [529, "overloaded_error", "PROVIDER_OVERLOADED"],
    [418, "lunar_error", "PROVIDER_INVALID_REQUEST"],
  ])("%i %s is %s", (status, type, reason) => {
    const found = fault(failure(status, error(type)));
    expect(found.reason).toBe(reason);
    expect(found.upstream).toEqual({ status, code: type, requestId: "req_1" });
    expect(`${found.message}${JSON.stringify(found.info)}`).not.toContain("customer");
  });

  test("of an unknown model is the caller's matter unless the operator declared it", () => {
    const unknown = error("not_found_error", "model: claude-test");
    expect(fault(failure(404, unknown)).reason).toBe("PROVIDER_MODEL_NOT_FOUND");
    expect(fault(failure(404, unknown, { modelDeclared: false })).reason).toBe("MODEL_NOT_FOUND");
    expect(fault(failure(404, "<html>")).reason).toBe("PROVIDER_INVALID_REQUEST");
  });

  test("passes words on, not sentences", () => {
    const details = { details: { error_code: "the words of a customer" } };
    const body = { ...JSON.parse(error("the words of a customer", "x", details)), request_id: "r".repeat(20_000) };
    const found = fault(failure(400, JSON.stringify(body)));
    expect(found.reason).toBe("PROVIDER_INVALID_REQUEST");
    expect(found.upstream.code).toBe("");
    expect(found.upstream.requestId.length).toBeLessThanOrEqual(128);
    expect(JSON.stringify(found.info)).not.toContain("customer");
  });

  test("is looked at as far as its first 2,048 characters", () => {
    const message = (before: number) => `${"x".repeat(before)} prompt is too long`;
    expect(fault(failure(400, error("invalid_request_error", message(2000)))).reason).toBe("CONTEXT_LENGTH_EXCEEDED");
    expect(fault(failure(400, error("invalid_request_error", message(2048)))).reason).toBe("PROVIDER_INVALID_REQUEST");
  });

  test.each([
    [
      "invalid_request_error",
      "Your credit balance is too low to access the Anthropic API.",
      {},
      "PROVIDER_QUOTA_EXHAUSTED",
    ],
    ["invalid_request_error", "You have reached your specified API usage limits.", {}, "PROVIDER_QUOTA_EXHAUSTED"],
    [
      "rate_limit_error",
      "paused",
      { details: { error_code: "enforced_spend_limit_reached" } },
      "PROVIDER_QUOTA_EXHAUSTED",
    ],
    ["invalid_request_error", "Output blocked by content filtering policy", {}, "PROVIDER_CONTENT_FILTERED"],
    ["invalid_request_error", "This organization has been disabled.", {}, "PROVIDER_CREDENTIAL_INVALID"],
    ["invalid_request_error", "prompt is too long", {}, "CONTEXT_LENGTH_EXCEEDED"],
    ["invalid_request_error", "Prompt is too long", {}, "CONTEXT_LENGTH_EXCEEDED"],
  ])("of type %s saying %j %j is %s", (type, message, more, reason) => {
    expect(fault(failure(400, error(type, message, more))).reason).toBe(reason);
  });

  test("that counts input and output together tells both numbers", () => {
    const message = "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000";
    const found = fault(failure(400, error("invalid_request_error", message)));
    expect(found.reason).toBe("CONTEXT_LENGTH_EXCEEDED");
    expect(found.info).toMatchObject({ inputTokens: "188240", limitTokens: "200000" });
  });
});

test.each([
  [503, "<html>unavailable</html>", "PROVIDER_OVERLOADED"],
  [502, "", "PROVIDER_UNAVAILABLE"],
  [429, "null", "PROVIDER_RATE_LIMITED"],
  [302, "", "PROVIDER_BAD_RESPONSE"],
  [400, '{"error":"words"}', "PROVIDER_INVALID_REQUEST"],
])("%i with the body %j goes by its status", (status, body, reason) => {
  const found = fault(failure(status, body, { headers: { "request-id": "req_9", "retry-after": "2" } }));
  expect(found.reason).toBe(reason);
  expect(found.upstream.requestId).toBe("req_9");
  if (found.retryMs !== undefined) expect(found.retryMs).toBe(2000);
});
