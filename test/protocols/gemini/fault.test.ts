import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fault, isStatus } from "../../../src/protocols/gemini/fault.ts";
import { failureOf } from "../../support/dialect.ts";

const error = (code: number, status: string, message = "the words of a customer", details: readonly object[] = []) => ({
  error: { code, message, status, details },
});
const detail = (name: string, fields: object) => ({ "@type": `type.googleapis.com/google.rpc.${name}`, ...fields });
const quota = (...violations: object[]) => detail("QuotaFailure", { violations });

// Written by hand: the recordings have a bad key, a used-up rate and an unknown model.
describe("an error body", () => {
  test.each([
    [400, "INVALID_ARGUMENT", "PROVIDER_INVALID_REQUEST"],
    [400, "FAILED_PRECONDITION", "PROVIDER_CREDENTIAL_INVALID"],
    [401, "UNAUTHENTICATED", "PROVIDER_CREDENTIAL_INVALID"],
    [403, "PERMISSION_DENIED", "PROVIDER_CREDENTIAL_INVALID"],
    [429, "RESOURCE_EXHAUSTED", "PROVIDER_RATE_LIMITED"],
    [499, "CANCELLED", "PROVIDER_UNAVAILABLE"],
    [500, "INTERNAL", "PROVIDER_UNAVAILABLE"],
    [503, "UNAVAILABLE", "PROVIDER_OVERLOADED"],
    [504, "DEADLINE_EXCEEDED", "PROVIDER_TIMEOUT"],
    [418, "LUNAR", "PROVIDER_INVALID_REQUEST"],
    // In the middle of a stream the status of HTTP says nothing.
    [200, "UNAVAILABLE", "PROVIDER_OVERLOADED"],
  ])("%i %s is %s", (status, word, reason) => {
    for (const body of [error(status, word), [error(status, word)]]) {
      const found = fault(failureOf(status, body));
      expect(found.reason).toBe(reason);
      expect(found.upstream).toMatchObject({ status, code: word });
      expect(`${found.message}${JSON.stringify(found.info)}`).not.toContain("customer");
    }
  });

  test.each([
    ["API key not valid.", [detail("ErrorInfo", { reason: "API_KEY_INVALID" })], "PROVIDER_CREDENTIAL_INVALID"],
    ["Billing.", [detail("ErrorInfo", { reason: "BILLING_DISABLED" })], "PROVIDER_QUOTA_EXHAUSTED"],
    [
      "The request could not be submitted: it may violate Google's Responsible AI practices.",
      [],
      "PROVIDER_CONTENT_FILTERED",
    ],
  ])("%s", (message, details, reason) => {
    expect(fault(failureOf(400, error(400, "INVALID_ARGUMENT", message, details))).reason).toBe(reason);
  });

  test.each([
    "The input token count (1203341) exceeds the maximum number of tokens allowed (1048576).",
    "Unable to submit request because the input token count is 1203341 but model only supports up to 1048576. Reduce it.",
  ])("tells of a context that is too small: %s", (message) => {
    const found = fault(failureOf(400, error(400, "INVALID_ARGUMENT", message)));
    expect(found.reason).toBe("CONTEXT_LENGTH_EXCEEDED");
    expect(found.info).toMatchObject({ inputTokens: "1203341", limitTokens: "1048576" });
  });

  test("tells a rate from what is used up", () => {
    const reasonOf = (message: string, details: readonly object[]) =>
      fault(failureOf(429, error(429, "RESOURCE_EXHAUSTED", message, details))).reason;
    expect(reasonOf("x", [quota({ quotaId: "GenerateRequestsPerMinutePerProjectPerModel" })])).toBe(
      "PROVIDER_RATE_LIMITED",
    );
    expect(reasonOf("x", [quota({}, { quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" })])).toBe(
      "PROVIDER_QUOTA_EXHAUSTED",
    );
    expect(reasonOf("x", [quota({ quotaId: "GenerateContentInputTokensPerModelPerMinute", quotaValue: "0" })])).toBe(
      "PROVIDER_QUOTA_EXHAUSTED",
    );
    expect(reasonOf("Your prepayment credits are depleted.", [])).toBe("PROVIDER_QUOTA_EXHAUSTED");
  });

  test.each([
    ["48s", 48_000],
    ["48.939935699s", 48_940],
    ["0s", 0],
    ["86400s", 600_000],
    ["soon", 2000],
    [5, 2000],
  ])("a delay of %j", (retryDelay, retryMs) => {
    const body = error(429, "RESOURCE_EXHAUSTED", "x", [detail("RetryInfo", { retryDelay })]);
    expect(fault(failureOf(429, body)).retryMs).toBe(retryMs);
  });

  test("of what is not there", () => {
    const missing = (message: string, modelDeclared = true) =>
      fault(failureOf(404, error(404, "NOT_FOUND", message), { modelDeclared })).reason;
    const model = "models/x is not found for API version v1beta, or is not supported for generateContent.";
    expect(missing(model)).toBe("PROVIDER_MODEL_NOT_FOUND");
    expect(missing(model, false)).toBe("MODEL_NOT_FOUND");
    expect(missing("CachedContent not found")).toBe("PROVIDER_INVALID_REQUEST");
    const file = "You do not have permission to access the File abc or it may not exist.";
    expect(fault(failureOf(403, error(403, "PERMISSION_DENIED", file))).reason).toBe("PROVIDER_INVALID_REQUEST");
  });

  test("passes on the request's id, and no sentence as a code", () => {
    const details = [detail("RequestInfo", { requestId: "r-1" }), detail("ErrorInfo", { reason: "a sentence" })];
    expect(fault(failureOf(500, error(500, "a sentence", "x", details))).upstream).toEqual({
      status: 500,
      code: "",
      requestId: "r-1",
    });
  });

  test("that is none goes by the status", () => {
    expect(fault(failureOf(502, "<html>")).reason).toBe("PROVIDER_UNAVAILABLE");
    expect(fault(failureOf(200, "{}")).reason).toBe("PROVIDER_BAD_RESPONSE");
    expect(isStatus("<html>")).toBe(false);
  });

  test("may be anything", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        (value) => typeof fault(failureOf(400, JSON.stringify({ error: value }))).reason === "string",
      ),
    );
  });
});
