import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/model/protocol.ts";
import { retryMsOf, statusFault } from "../../src/protocols/status-fault.ts";

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const reading = { code: "", requestId: "" };

function failure(status: number, rest: Partial<Failure> = {}): Failure {
  return { provider: "acme", model: "m-1", modelDeclared: true, status, headers: {}, body: "", ...rest };
}

describe("the reason behind a status", () => {
  it.each([
    [301, "PROVIDER_BAD_RESPONSE"],
    [400, "PROVIDER_INVALID_REQUEST"],
    [401, "PROVIDER_CREDENTIAL_INVALID"],
    [402, "PROVIDER_QUOTA_EXHAUSTED"],
    [403, "PROVIDER_CREDENTIAL_INVALID"],
    [404, "PROVIDER_MODEL_NOT_FOUND"],
    [408, "PROVIDER_TIMEOUT"],
    [409, "PROVIDER_UNAVAILABLE"],
    [413, "PROVIDER_INVALID_REQUEST"],
    [422, "PROVIDER_INVALID_REQUEST"],
    [425, "PROVIDER_UNAVAILABLE"],
    [429, "PROVIDER_RATE_LIMITED"],
    [500, "PROVIDER_UNAVAILABLE"],
    [502, "PROVIDER_UNAVAILABLE"],
    [503, "PROVIDER_OVERLOADED"],
    [504, "PROVIDER_TIMEOUT"],
    [529, "PROVIDER_OVERLOADED"],
  ])("%i is %s", (status, reason) => {
    expect(statusFault(failure(status), reading).reason).toBe(reason);
  });

  it("is the caller's where the model is not declared", () => {
    expect(statusFault(failure(404, { modelDeclared: false }), reading).reason).toBe("MODEL_NOT_FOUND");
  });

  it("gives way to what the body says", () => {
    const said = { code: "c-1", requestId: "r-1", reason: "CONTEXT_LENGTH_EXCEEDED", metadata: { limitTokens: "9" } };
    const fault = statusFault(failure(400), { ...said, reason: "CONTEXT_LENGTH_EXCEEDED" });
    expect(fault.reason).toBe("CONTEXT_LENGTH_EXCEEDED");
    expect(fault.info).toEqual({
      provider: "acme",
      model: "m-1",
      upstreamStatus: "400",
      upstreamCode: "c-1",
      requestId: "r-1",
      limitTokens: "9",
    });
    expect(fault.upstream).toEqual({ status: 400, code: "c-1", requestId: "r-1" });
  });
});

describe("details", () => {
  it.each([
    [429, "google.rpc.QuotaFailure"],
    [402, "google.rpc.PreconditionFailure"],
    [401, "google.rpc.PreconditionFailure"],
  ])("of %i hold %s", (status, type) => {
    const { details } = statusFault(failure(status), reading);
    expect(details.map((detail) => ("desc" in detail ? detail.desc.typeName : ""))).toContain(type);
  });

  it("never hold the body", () => {
    const { details, message } = statusFault(failure(402, { body: "secret words" }), reading);
    const values = details.map((detail) => JSON.stringify("value" in detail ? detail.value : detail));
    expect([message, ...values].join(" ")).not.toContain("secret");
  });
});

describe("the delay", () => {
  it.each<[Record<string, string | string[]>, number | undefined]>([
    [{}, undefined],
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": " 0.5 " }, 500],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "-1" }, undefined],
    [{ "retry-after": "1e9" }, 600_000],
    [{ "retry-after": "abc" }, undefined],
    [{ "retry-after": "abc 5" }, undefined],
    [{ "retry-after": "5." }, undefined],
    [{ "retry-after": "" }, undefined],
    [{ "retry-after": ["1", "2"] }, undefined],
    [{ "retry-after": "Thu, 01 Jan 2026 12:00:30 GMT" }, 30_000],
    [{ "retry-after": "Thu, 01 Jan 2026 11:00:00 GMT" }, 0],
    [{ "retry-after": "Fri, 02 Jan 2026 12:00:00 GMT" }, 600_000],
    [{ "retry-after": "Thu, 99 Jan 2026" }, undefined],
    [{ "retry-after-ms": "150", "retry-after": "2" }, 150],
    [{ "retry-after-ms": "0" }, 0],
    [{ "retry-after-ms": "-5", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": "soon", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": "", "retry-after": "2" }, 2000],
    [{ "retry-after-ms": "1e12" }, 600_000],
  ])("of %j", (headers, delayMs) => {
    expect(retryMsOf(headers, nowMs)).toBe(delayMs);
  });

  it("of the body comes before that of the headers, and the default last", () => {
    const headers = { "retry-after": "2" };
    expect(statusFault(failure(429, { headers }), { ...reading, retryMs: 700 }).retryMs).toBe(700);
    expect(statusFault(failure(429, { headers }), reading).retryMs).toBe(2000);
    expect(statusFault(failure(503), reading).retryMs).toBeGreaterThan(0);
    expect(statusFault(failure(400, { headers }), reading).retryMs).toBeUndefined();
  });
});
