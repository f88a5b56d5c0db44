import { expect, test } from "vitest";
import type { Failure } from "../../../src/model/protocol.ts";
import { fault } from "../../../src/protocols/converse/fault.ts";

const failure = (status: number, type: string, message: string, more: Partial<Failure> = {}): Failure => ({
  provider: "bedrock",
  model: "m",
  modelDeclared: false,
  status,
  headers: { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/`, "x-amzn-requestid": "r-1" },
  body: JSON.stringify({ message }),
  ...more,
});

// Recorded: ServiceUnavailableException, the invalid identifier. The others after AWS's documentation and its users' reports.
test.each([
  [400, "ValidationException", "Malformed input request", "PROVIDER_INVALID_REQUEST"],
  [400, "ValidationException", "The provided model identifier is invalid.", "MODEL_NOT_FOUND"],
  [400, "ValidationException", "Input is too long for requested model.", "CONTEXT_LENGTH_EXCEEDED"],
  [400, "ValidationException", "Output blocked by content filtering policy", "PROVIDER_CONTENT_FILTERED"],
  [400, "ServiceQuotaExceededException", "x", "PROVIDER_QUOTA_EXHAUSTED"],
  [403, "AccessDeniedException", "You don't have access to the model with the specified model ID.", "MODEL_NOT_FOUND"],
  [
    403,
    "AccessDeniedException",
    "User is not authorized to perform: bedrock:InvokeModel",
    "PROVIDER_CREDENTIAL_INVALID",
  ],
  [403, "UnrecognizedClientException", "x", "PROVIDER_CREDENTIAL_INVALID"],
  [403, "ExpiredTokenException", "x", "PROVIDER_CREDENTIAL_INVALID"],
  [404, "ResourceNotFoundException", "x", "MODEL_NOT_FOUND"],
  [408, "ModelTimeoutException", "x", "PROVIDER_TIMEOUT"],
  [424, "ModelErrorException", "x", "PROVIDER_UNAVAILABLE"],
  [429, "ThrottlingException", "Too many requests, please wait before trying again.", "PROVIDER_RATE_LIMITED"],
  [429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", "PROVIDER_QUOTA_EXHAUSTED"],
  [429, "ModelNotReadyException", "x", "PROVIDER_OVERLOADED"],
  [500, "InternalServerException", "x", "PROVIDER_UNAVAILABLE"],
  [503, "ServiceUnavailableException", "Model is getting throttled. Try your request again.", "PROVIDER_OVERLOADED"],
  [418, "NobodyKnowsException", "x", "PROVIDER_INVALID_REQUEST"],
])("%i %s: %s", (status, type, message, reason) => {
  const error = fault(failure(status, type, message));
  expect(error.reason).toBe(reason);
  expect(error.info).toMatchObject({ upstreamStatus: String(status), upstreamCode: type, upstreamRequestId: "r-1" });
  expect(error.message).not.toContain(message.length > 1 ? message : "\u0000");
});

test("the kind is in the header or in the body, behind a namespace or before an address", () => {
  const body = JSON.stringify({ __type: "com.amazon.coral.service#UnrecognizedClientException", Message: "x" });
  expect(fault(failure(400, "", "", { headers: {}, body })).info["upstreamCode"]).toBe("UnrecognizedClientException");
  const headers = { "x-amzn-errortype": "ThrottlingException" };
  expect(fault(failure(400, "", "", { headers, body })).reason).toBe("PROVIDER_RATE_LIMITED");
});

test.each([
  ["The model returned the following errors: prompt is too long: 203341 tokens > 200000 maximum", "203341", "200000"],
  ["input length and `max_tokens` exceed context limit: 199000 + 8192 > 204698, decrease", "199000", "204698"],
  ["400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9001", "9001", "8192"],
  ["This model's maximum context length is 8192 tokens. Please reduce the length of the prompt", undefined, "8192"],
])("limits are read out of: %s", (message, inputTokens, limitTokens) => {
  const { reason, info } = fault(failure(400, "ValidationException", message));
  expect([reason, info["inputTokens"], info["limitTokens"]]).toEqual([
    "CONTEXT_LENGTH_EXCEEDED",
    inputTokens,
    limitTokens,
  ]);
});

test("a declared model that is unknown is the operator's matter", () => {
  const wrong = failure(404, "ResourceNotFoundException", "x", { modelDeclared: true });
  expect(fault(wrong).reason).toBe("PROVIDER_MODEL_NOT_FOUND");
});

test.each(["", "<html>", "null", "[]", '{"message":7}'])("a body that tells nothing: %s", (body) => {
  expect(fault(failure(500, "", "", { headers: {}, body })).reason).toBe("PROVIDER_UNAVAILABLE");
});
