import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { errorTrailers, okTrailers } from "../../../src/server/grpc/status.ts";

function statusOf(error: GatewayError) {
  const value = String(errorTrailers(error)["grpc-status-details-bin"]);
  return { value, status: fromBinary(StatusSchema, Buffer.from(value, "base64")) };
}

function violation(description: string) {
  return { field: "messages", description };
}

test("success says so and nothing else", () => {
  expect(okTrailers).toEqual({ "grpc-status": "0" });
});

test("a failure carries code, message and details, and obeys who retries by pushback", () => {
  const error = new GatewayError("PROVIDER_RATE_LIMITED", "too fast", { metadata: { model: "m" }, retryMs: 1499.2 });
  const trailers = errorTrailers(error);
  expect(trailers).toMatchObject({
    "grpc-status": String(Code.ResourceExhausted),
    "grpc-message": "too fast",
    "grpc-retry-pushback-ms": "1500",
    "retry-after": "2",
  });
  const { value, status } = statusOf(error);
  expect(value).not.toContain("=");
  expect(status).toMatchObject({ code: Code.ResourceExhausted, message: "too fast" });
  const [info, retry] = status.details;
  expect(info && anyUnpack(info, ErrorInfoSchema)).toMatchObject({
    reason: "PROVIDER_RATE_LIMITED",
    domain: "llmhub",
    metadata: { model: "m" },
  });
  expect(retry && anyUnpack(retry, RetryInfoSchema)).toMatchObject({ retryDelay: { seconds: 1n, nanos: 499_200_000 } });
});

test("what no repeat helps says -1, what may be repeated at once says a moment: clients of the C core hang at 0", () => {
  expect(errorTrailers(new GatewayError("INVALID_REQUEST", "no"))["grpc-retry-pushback-ms"]).toBe("-1");
  expect(errorTrailers(new GatewayError("GATEWAY_DRAINING", "bye"))["grpc-retry-pushback-ms"]).toBe("20");
});

test.each([
  ["plain ~ text !", "plain ~ text !"],
  ["50% of é\n", "50%25 of %C3%A9%0A"],
  ["日本 👋", "%E6%97%A5%E6%9C%AC %F0%9F%91%8B"],
  ["\u0000\u001f\u007f", "%00%1F%7F"],
])("the message %j is percent-encoded", (message, encoded) => {
  const error = new GatewayError("INTERNAL", message);
  expect(errorTrailers(error)["grpc-message"]).toBe(encoded);
  expect(decodeURIComponent(encoded)).toBe(message);
  expect(statusOf(error).status.message).toBe(message);
});

/** Metadata of so many values, each as long as one can be. */
function notes(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`note${i}`, "n".repeat(256)]));
}

test("a value of metadata is cut, whoever chose it", () => {
  const { info, upstream } = new GatewayError("PROVIDER_UNAVAILABLE", "no", {
    metadata: { note: "n".repeat(5000) },
    upstream: { status: 500, code: "c".repeat(5000), requestId: "r".repeat(5000) },
  });
  expect([info["note"]?.length, upstream.code.length, upstream.requestId.length]).toEqual([256, 256, 256]);
});

test("of details above 4 KiB the largest goes first, and ErrorInfo never", () => {
  const error = new GatewayError("PROVIDER_UNAVAILABLE", "no", { metadata: notes(12) })
    .detail(BadRequestSchema, { fieldViolations: [violation("small")] })
    .detail(BadRequestSchema, { fieldViolations: [violation("l".repeat(3500))] });
  const { value, status } = statusOf(error);
  expect(status.details.map(({ typeUrl }) => typeUrl.replace(/.*\./, ""))).toEqual([
    "ErrorInfo",
    "RetryInfo",
    "BadRequest",
  ]);
  const [, , kept] = status.details;
  expect(kept && anyUnpack(kept, BadRequestSchema)?.fieldViolations).toMatchObject([{ description: "small" }]);
  expect(value.length).toBeLessThan(8192);
});

test("a huge ErrorInfo stays alone", () => {
  const error = new GatewayError("PROVIDER_UNAVAILABLE", "no", { metadata: notes(18) });
  expect(statusOf(error).status.details.map(({ typeUrl }) => typeUrl)).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
  ]);
});

test("a detail that cannot be encoded costs the details, not the status", () => {
  const error = new GatewayError("INTERNAL", "é").detail(RetryInfoSchema, { retryDelay: { nanos: Number.NaN } });
  expect(errorTrailers(error)).toEqual({ "grpc-status": "13", "grpc-message": "%C3%A9" });
});
