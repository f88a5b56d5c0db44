import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/model/protocol.ts";
import { statusFault } from "../../src/protocols/status-fault.ts";

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
      upstreamRequestId: "r-1",
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

  it("hold codes and ids of the provider only as far as they cannot be content", () => {
    const info = (code: string, requestId: string) => statusFault(failure(400), { code, requestId }).info;
    expect(info("user said: my secret", "req_1 secret")).toMatchObject({
      upstreamCode: "",
      upstreamRequestId: "req_1",
    });
    expect(info("c".repeat(65), "r".repeat(20_000))).toMatchObject({
      upstreamCode: "",
      upstreamRequestId: "r".repeat(128),
    });
    expect(info("invalid_request_error", "a-1/b:2")).toMatchObject({
      upstreamCode: "invalid_request_error",
      upstreamRequestId: "a-1/b:2",
    });
  });

  it("never hold the body", () => {
    const { details, message } = statusFault(failure(402, { body: "secret words" }), reading);
    const values = details.map((detail) => JSON.stringify("value" in detail ? detail.value : detail));
    expect([message, ...values].join(" ")).not.toContain("secret");
  });
});

describe("the delay", () => {
  it("of the body comes before that of the headers, and the default last", () => {
    const headers = { "retry-after": "2" };
    expect(statusFault(failure(429, { headers }), { ...reading, retryMs: 700 }).retryMs).toBe(700);
    expect(statusFault(failure(429, { headers }), reading).retryMs).toBe(2000);
    expect(statusFault(failure(503), reading).retryMs).toBeGreaterThan(0);
    expect(statusFault(failure(400, { headers }), reading).retryMs).toBeUndefined();
  });

  it.each([
    ["the body", {}, "never"],
    ["the headers", { "x-should-retry": "false", "retry-after": "1" }, undefined],
  ] as const)("is none where %s say that no repeat helps", (_, headers, retryMs) => {
    expect(statusFault(failure(500, { headers }), { ...reading, retryMs }).retryMs).toBeUndefined();
  });
});
