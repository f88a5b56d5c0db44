import { describe, expect, test } from "vitest";
import { fault } from "../../../src/protocols/cohere/fault.ts";
import { failureOf } from "../../support/dialect.ts";

const failed = (status: number, message: string, rest: object = {}) =>
  fault(failureOf(status, { id: "r1", message, ...rest }));

// The wordings are those of the provider's documentation.
test.each([
  [400, "invalid request: temperature must be between 0 and 1.0 inclusive.", "PROVIDER_INVALID_REQUEST"],
  [
    400,
    "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 8192.",
    "PROVIDER_INVALID_REQUEST",
  ],
  [400, "too many tokens: multi-hop prompt is too long even after truncation", "CONTEXT_LENGTH_EXCEEDED"],
  [401, "invalid api token", "PROVIDER_CREDENTIAL_INVALID"],
  [402, "Please add or update your payment method to continue", "PROVIDER_QUOTA_EXHAUSTED"],
  [
    404,
    "model 'xyz' not found, make sure the correct model ID was used and that you have access to the model.",
    "PROVIDER_MODEL_NOT_FOUND",
  ],
  [404, "404 page not found", "PROVIDER_INVALID_REQUEST"],
  [422, "invalid tool generation", "PROVIDER_INVALID_REQUEST"],
  [429, "You are past the per minute request limit, please wait and try again later.", "PROVIDER_RATE_LIMITED"],
  [429, "You are using a Trial key, which is limited to 40 API calls / minute.", "PROVIDER_RATE_LIMITED"],
  [429, "You are using a Trial key, which is limited to 1000 API calls / month.", "PROVIDER_QUOTA_EXHAUSTED"],
  [498, "invalid token", "PROVIDER_CONTENT_FILTERED"],
  [499, "request cancelled", "PROVIDER_UNAVAILABLE"],
  [500, "internal server error", "PROVIDER_UNAVAILABLE"],
  [501, "not implemented", "PROVIDER_INVALID_REQUEST"],
  [503, "service unavailable", "PROVIDER_OVERLOADED"],
  [504, "timeout", "PROVIDER_TIMEOUT"],
])("%i %s", (status, message, reason) => {
  const found = failed(status, message);
  expect(found.reason).toBe(reason);
  expect(found.upstream).toEqual({ status, code: "", requestId: "r1" });
  expect(JSON.stringify([found.message, found.info])).not.toContain(message);
});

describe("too long an input", () => {
  test.each([
    [
      "too many tokens: size limit exceeded by 100 tokens. The limit for this model is 1000 tokens.",
      { limitTokens: "1000", inputTokens: "1100" },
    ],
    [
      "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.",
      { limitTokens: "4081", inputTokens: "4292" },
    ],
  ])("%s", (message, limits) => {
    expect(failed(400, message).info).toMatchObject(limits);
  });

  test("by its type alone", () => {
    const { reason, info } = failed(400, "", { error_type: "TOO_MANY_TOKENS" });
    expect([reason, info["upstreamCode"]]).toEqual(["CONTEXT_LENGTH_EXCEEDED", "TOO_MANY_TOKENS"]);
  });
});

test("a body that is none", () => {
  expect(fault(failureOf(500, "<html>")).reason).toBe("PROVIDER_UNAVAILABLE");
  expect(fault(failureOf(200, "[]")).reason).toBe("PROVIDER_BAD_RESPONSE");
});
