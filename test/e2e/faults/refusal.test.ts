import type { DescMessage } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";
import { CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, dialects, providerAt, providerKey, request } from "./dialects.ts";
import { before, faultIn, faultOf, modes, unreadable } from "./fault.ts";

/** An upstream that refuses every request so. */
async function refusing(kind: string, status: number, body: object | string, headers = {}, models = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(status, text, headers);
    }
  });
  const gateway = await TestGateway.start({ providers: providerAt(upstream.url, kind, { models }) });
  return {
    upstream,
    gateway,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** An error as every dialect finds something in it: Google calls the type a status. */
const said = (type: string) => ({
  type: "error",
  error: { type, status: type, message: `model: canary-content ${providerKey}` },
});

for (const dialect of dialects) {
  const { kind } = dialect;
  for (const mode of modes) {
    test.each([401, 403])(`U19: HTTP %i for the gateway's credential, ${kind}, ${mode}`, async (status) => {
      await using at = await refusing(kind, status, said("authentication_error"), { "x-request-id": "req-1" });
      const fault = before("FailedPrecondition", "PROVIDER_CREDENTIAL_INVALID");
      expect(await faultIn(at.gateway, mode)).toEqual(fault);
      expect(at.upstream.requests.length).toBe(1);
      expect(await at.gateway.metric("credential_unhealthy", { provider: "up" })).toBe(1);
      expect(await at.gateway.metric("upstream_attempts_total", { outcome: String(status) })).toBe(1);
    });

    test.each([
      [400, "InvalidArgument", "PROVIDER_INVALID_REQUEST"],
      [413, "InvalidArgument", "PROVIDER_INVALID_REQUEST"],
      [422, "InvalidArgument", "PROVIDER_INVALID_REQUEST"],
      [404, "NotFound", "MODEL_NOT_FOUND"],
    ])(`U20: HTTP %i for the caller's request, ${kind}, ${mode}`, async (status, code, reason) => {
      await using at = await refusing(kind, status, said(status === 404 ? "not_found_error" : "invalid_request_error"));
      expect(await faultIn(at.gateway, mode)).toEqual(before(code, reason));
      expect(at.upstream.requests.length).toBe(1);
      expect(await at.gateway.metric("credential_unhealthy")).toBe(0);
    });

    test.each([
      [500, "PROVIDER_UNAVAILABLE"],
      [502, "PROVIDER_UNAVAILABLE"],
      [503, "PROVIDER_OVERLOADED"],
      [529, "PROVIDER_OVERLOADED"],
      [504, "PROVIDER_TIMEOUT"],
    ])(`U18: HTTP %i of the provider, ${kind}, ${mode}`, async (status, reason) => {
      await using at = await refusing(kind, status, "<html>canary");
      expect(await faultIn(at.gateway, mode)).toEqual(before("Unavailable", reason));
      expect(at.upstream.requests.length).toBe(1);
      expect(await at.gateway.metric("upstream_attempts_total", { outcome: String(status) })).toBe(1);
    });
  }

  test(`U15: HTTP 429 says when to come back, ${kind}`, async () => {
    await using at = await refusing(kind, 429, said("rate_limit_error"), { "retry-after": "2" });
    const error = await at.gateway.failure(request);
    expect(faultOf(error)).toEqual(before("ResourceExhausted", "PROVIDER_RATE_LIMITED"));
    expect(error.metadata.get("retry-after")).toBe("2");
    // What is left of the two seconds by the time that the caller is told.
    const toldMs = Number(error.metadata.get("grpc-retry-pushback-ms"));
    expect(toldMs).toBeLessThanOrEqual(2000);
    expect(toldMs).toBeGreaterThan(0);
    expect(error.findDetails(QuotaFailureSchema)[0]?.violations[0]?.subject).toBe("providers/up");
  });

  test(`the record of a refusal names status, code and request, ${kind}`, async () => {
    await using at = await refusing(kind, 400, said("invalid_request_error"), {
      "x-request-id": "r7",
      "request-id": "r7",
    });
    const error = await at.gateway.failure(request);
    const [info] = error.findDetails(ErrorInfoSchema);
    expect(info?.metadata).toMatchObject({
      provider: "up",
      model: "m-1",
      upstreamStatus: "400",
      upstreamCode: "invalid_request_error",
      upstreamRequestId: "r7",
    });
    const [failure] = error.findDetails(CompletionFailureSchema);
    expect(failure?.attempts[0]).toMatchObject({ provider: "up", model: "up/m-1", upstreamStatus: 400, number: 1 });
    expect(failure?.id).toMatch(/^cmp_/);
  });

  test(`U20: an unknown model is the operator's matter where the operator declared it, ${kind}`, async () => {
    await using at = await refusing(kind, 404, said("not_found_error"), {}, { "m-1": {} });
    expect(await faultIn(at.gateway, "unary")).toEqual(before("FailedPrecondition", "PROVIDER_MODEL_NOT_FOUND"));
  });
}

test("each refusal has the detail of its kind", async () => {
  const detail = async (status: number, schema: DescMessage) => {
    await using at = await refusing(chat.kind, status, said("not_found_error"));
    return (await at.gateway.failure(request)).findDetails(schema).length;
  };
  expect(await detail(401, PreconditionFailureSchema)).toBe(1);
  expect(await detail(404, ResourceInfoSchema)).toBe(1);
  expect(await detail(402, PreconditionFailureSchema)).toBe(1);
});

test("an input that is too long says by how much", async () => {
  const message = "This model's maximum context length is 8192 tokens, however you requested 9001 tokens (canary)";
  const body = { error: { message, type: "invalid_request_error", code: "context_length_exceeded" } };
  await using at = await refusing(chat.kind, 400, body);
  const error = await at.gateway.failure(request);
  expect(faultOf(error)).toEqual(before("InvalidArgument", "CONTEXT_LENGTH_EXCEEDED"));
  expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toMatchObject({ limitTokens: "8192", inputTokens: "9001" });
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("messages");
});

test("a credential that works again is healthy again", async () => {
  let refused = true;
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(refused ? 401 : 200, refused ? "{}" : chat.whole("Hello"));
    }
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  await gateway.failure(request);
  expect(await gateway.metric("credential_unhealthy")).toBe(1);
  refused = false;
  await gateway.complete(request);
  expect(await gateway.metric("credential_unhealthy")).toBe(0);
});

test("a refusal whose body does not end is not waited for", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(500, { "content-type": "text/plain" });
    while (await connection.write("canary ".repeat(1000)));
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  expect(await faultIn(gateway, "unary")).toEqual(before("Unavailable", "PROVIDER_UNAVAILABLE"));
  await upstream.closed();
});

for (const mode of modes) {
  test.each([300, 301, 302, 303, 307, 308])(`U21: HTTP %i is not followed, ${mode}`, async (status) => {
    await using elsewhere = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
    });
    const headers = { location: `${elsewhere.url}/v1/chat/completions` };
    await using at = await refusing(chat.kind, status, "", headers);
    expect(await faultIn(at.gateway, mode)).toEqual(unreadable("redirect"));
    expect(elsewhere.connections.length).toBe(0);
    expect(at.upstream.requests.length).toBe(1);
    expect(at.upstream.requests[0]?.headers["authorization"]).toBe(`Bearer ${providerKey}`);
    expect(await at.gateway.metric("upstream_redirects_blocked_total", { provider: "up" })).toBe(1);
  });
}
