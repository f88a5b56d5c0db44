import { expect, test } from "vitest";
import { fault } from "../../../src/protocols/ollama/fault.ts";
import { failureOf } from "../../support/dialect.ts";

// The wordings are those of the server's source.
test.each([
  [404, "model 'm' not found", "PROVIDER_MODEL_NOT_FOUND"],
  [404, 'model "m" not found, try pulling it first', "PROVIDER_MODEL_NOT_FOUND"],
  [400, "the input length exceeds the context length", "CONTEXT_LENGTH_EXCEEDED"],
  [
    400,
    "the prompt is longer than the context length currently available to the model; shorten the prompt",
    "CONTEXT_LENGTH_EXCEEDED",
  ],
  [500, "input exceeds maximum context length and cannot be truncated further", "CONTEXT_LENGTH_EXCEEDED"],
  [400, '"m" does not support thinking', "CAPABILITY_UNSUPPORTED"],
  [400, "registry.ollama.ai/library/m does not support tools", "CAPABILITY_UNSUPPORTED"],
  [503, "server busy, please try again.  maximum pending requests exceeded", "PROVIDER_OVERLOADED"],
  [500, "model requires more system memory (9.8 GiB) than is available (4.1 GiB)", "PROVIDER_UNAVAILABLE"],
  [401, "unauthorized", "PROVIDER_CREDENTIAL_INVALID"],
  [429, "you've reached your weekly usage limit, please upgrade to continue", "PROVIDER_QUOTA_EXHAUSTED"],
  [429, "too many concurrent requests", "PROVIDER_RATE_LIMITED"],
  [400, "invalid options: num_predict", "PROVIDER_INVALID_REQUEST"],
])("%i %s", (status, error, reason) => {
  const found = fault(failureOf(status, { error }));
  expect(found.reason).toBe(reason);
  expect(JSON.stringify([found.message, found.info])).not.toContain(error);
});

test("a model that is not declared is the caller's matter, a path that is not there the operator's", () => {
  const error = "model 'm' not found";
  expect(fault(failureOf(404, { error }, { modelDeclared: false })).reason).toBe("MODEL_NOT_FOUND");
  expect(fault(failureOf(404, "404 page not found")).reason).toBe("PROVIDER_INVALID_REQUEST");
});
