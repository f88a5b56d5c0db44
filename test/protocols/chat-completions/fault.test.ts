import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { faultOf } from "../../../src/protocols/chat-completions/fault.ts";
import { recordings } from "./recording.ts";

const refused = recordings.filter(({ meta }) => meta.status !== 200);

function faultFor(status: number, body: unknown, modelDeclared = true, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return faultOf({ provider: "openai", model: "gpt-x", modelDeclared, status, headers, body: text });
}

describe("recorded refusals", () => {
  it.each(refused)("$name", ({ meta, request, body, expected }) => {
    const model = String(request["model"]);
    const failure = { provider: "openai", model, modelDeclared: false, status: meta.status, body: body.toString() };
    const { reason, code, info } = faultOf({ ...failure, headers: meta.response_headers });
    expect({ reason, code: Code[code], metadata: info }).toEqual(expected.error);
  });

  it("of a context overflow, as DeepSeek words it, tells the numbers", () => {
    const message =
      "This model's maximum context length is 1048565 tokens. However, you requested 1250025 tokens " +
      "(1250025 in the messages, 0 in the completion). Please reduce the length of the messages or completion.";
    const fault = faultFor(400, { error: { message, type: "invalid_request_error", code: "invalid_request_error" } });
    expect(fault.reason).toBe("CONTEXT_LENGTH_EXCEEDED");
    expect(fault.info).toMatchObject({ limitTokens: "1048565", inputTokens: "1250025" });
  });

  it.each([
    ["OpenRouter", 401, { error: { message: "Missing Authentication header", code: 401 } }, "401"],
    ["Mistral", 401, { detail: "Invalid API Key" }, ""],
    ["Azure", 401, { error: { code: "401", message: "Access denied due to invalid subscription key" } }, "401"],
  ])("of the credential by %s", (_, status, body, upstreamCode) => {
    const { reason, info } = faultFor(status, body);
    expect([reason, info["upstreamCode"]]).toEqual(["PROVIDER_CREDENTIAL_INVALID", upstreamCode]);
  });

  it.each([
    ["Azure", { error: { type: "invalid_request_error", code: "DeploymentNotFound" } }],
    ["Ollama", { error: "model 'nonexistent-model:latest' not found" }],
    ["OpenAI", { error: { type: "invalid_request_error", code: "model_not_found" } }],
    ["OpenRouter", { error: { code: 404, message: "No endpoints found for acme/x-1." } }],
  ])("of the model by %s", (_, body) => {
    expect(faultFor(404, body, false).reason).toBe("MODEL_NOT_FOUND");
    expect(faultFor(404, body, true).reason).toBe("PROVIDER_MODEL_NOT_FOUND");
  });
});

describe("refusals written by hand after the documentation", () => {
  it.each([
    [400, { error: { code: "context_length_exceeded" } }, "CONTEXT_LENGTH_EXCEEDED"],
    [400, { error: { code: "content_filter" } }, "PROVIDER_CONTENT_FILTERED"],
    [403, { error: { code: "model_not_found" } }, "PROVIDER_MODEL_NOT_FOUND"],
    [403, { error: { code: "unsupported_country_region_territory" } }, "PROVIDER_CREDENTIAL_INVALID"],
    [413, { error: { code: "rate_limit_exceeded", type: "tokens" } }, "PROVIDER_INVALID_REQUEST"],
    [429, { error: { code: "rate_limit_exceeded", type: "tokens" } }, "PROVIDER_RATE_LIMITED"],
    [429, { error: { code: "insufficient_quota", type: "insufficient_quota" } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [429, { error: { code: null, type: "insufficient_quota" } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [500, { error: { type: "server_error", code: null } }, "PROVIDER_UNAVAILABLE"],
    [502, "<html>Bad gateway</html>", "PROVIDER_UNAVAILABLE"],
    [503, "", "PROVIDER_OVERLOADED"],
    [529, "[]", "PROVIDER_OVERLOADED"],
    [504, "null", "PROVIDER_TIMEOUT"],
    [400, { error: { code: "invalid_prompt", type: "invalid_request_error" } }, "PROVIDER_CONTENT_FILTERED"],
    [400, { code: "invalid-argument", error: "Incorrect API key provided: xx." }, "PROVIDER_CREDENTIAL_INVALID"],
    [400, [{ error: { code: 400, message: "API key not valid." } }], "PROVIDER_CREDENTIAL_INVALID"],
    [429, [{ error: { code: 429, status: "RESOURCE_EXHAUSTED" } }], "PROVIDER_RATE_LIMITED"],
    [404, { error: { message: "Invalid URL (POST /chat/completions)", code: null } }, "PROVIDER_INVALID_REQUEST"],
    [404, { error: { message: "No such File object: file-1" } }, "PROVIDER_INVALID_REQUEST"],
    [404, "<html>not found</html>", "PROVIDER_INVALID_REQUEST"],
    [200, { error: { message: "x", code: 429 } }, "PROVIDER_RATE_LIMITED"],
    [200, { error: "x" }, "PROVIDER_UNAVAILABLE"],
    [200, { error: null }, "PROVIDER_BAD_RESPONSE"],
    [200, "<html>", "PROVIDER_BAD_RESPONSE"],
    [302, "", "PROVIDER_BAD_RESPONSE"],
    [498, { error: { message: "full", code: "capacity_exceeded" } }, "PROVIDER_OVERLOADED"],
    [400, { message: "Invalid model: x", type: "invalid_model", code: "1500" }, "PROVIDER_MODEL_NOT_FOUND"],
    [400, { error: { message: "acme/x is not a valid model ID", code: 400 } }, "PROVIDER_MODEL_NOT_FOUND"],
    [403, { error: { message: "Key limit exceeded (total limit).", code: 403 } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [412, { error: { message: "Account a is suspended: monthly spending limit" } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [400, { error: { code: "constructor", type: "__proto__" } }, "PROVIDER_INVALID_REQUEST"],
  ])("%i %j is %s", (status, body, reason) => {
    expect(faultFor(status, body).reason).toBe(reason);
  });

  it("never repeat what the provider wrote, but for its code and the request's id", () => {
    const error = { message: "secret words", code: "secret words in place of a code", param: "secret" };
    const fault = faultFor(400, { error }, true, { "x-request-id": "req_1" });
    const details = fault.details.map((detail) => JSON.stringify("value" in detail ? detail.value : detail));
    expect([fault.message, JSON.stringify(fault.info), ...details].join(" ")).not.toContain("secret");
    expect(fault.info["upstreamRequestId"]).toBe("req_1");
  });

  it.each([
    [429, "Your team t has either used all available credits or reached its monthly spending limit."],
    [403, "Your newly created team doesn't have any credits yet."],
  ])("of an account at xAI that is used up (%i) is no matter of rate or key", (status, error) => {
    const fault = faultFor(status, { code: "Some resource has been exhausted", error });
    expect([fault.reason, fault.retryMs]).toEqual(["PROVIDER_QUOTA_EXHAUSTED", undefined]);
  });

  it("of content at xAI, which come as those of a key do, name the category", () => {
    const error = "Content violates usage guidelines. Team: t, Model: grok-4, Failed check: SAFETY_CHECK_TYPE_BIO";
    const fault = faultFor(403, { code: "The caller does not have permission to execute the operation", error });
    expect([fault.reason, fault.info["category"]]).toEqual(["PROVIDER_CONTENT_FILTERED", "SAFETY_CHECK_TYPE_BIO"]);
  });

  it("tell in words when to come again, where no header does", () => {
    const body = { error: { code: "rate_limit_exceeded", message: "Rate limit reached. Please try again in 7.5s." } };
    expect(faultFor(429, body).retryMs).toBe(7500);
    expect(faultFor(200, body).retryMs).toBe(7500);
    expect(faultFor(429, body, true, { "retry-after": "2" }).retryMs).toBe(2000);
    expect(faultFor(400, body).retryMs).toBeUndefined();
  });

  it("of a request above the limit per minute promise nothing of a repeat", () => {
    const message = "Request too large for gpt-x in organization org-x on tokens per min (TPM): Limit 3, Requested 5.";
    const fault = faultFor(429, { error: { message, type: "tokens", code: "rate_limit_exceeded" } });
    expect([fault.reason, fault.retryMs]).toEqual(["PROVIDER_RATE_LIMITED", undefined]);
  });

  it.each<[string, Record<string, unknown>, string, string | undefined]>([
    ["llama.cpp", { type: "exceed_context_size_error", n_ctx: 4096, n_prompt_tokens: 9000 }, "4096", "9000"],
    ["vLLM", { message: "The decoder prompt (length 12) is longer than the maximum model length of 8." }, "8", "12"],
    ["vLLM", { message: "maximum context length is 8 tokens and your request has 12 input tokens" }, "8", "12"],
    ["Gemini", { message: "The input token count (12) exceeds the maximum number of tokens allowed (8)." }, "8", "12"],
    ["xAI", { message: "maximum prompt length is 8 but the request contains 12 tokens." }, "8", "12"],
    [
      "Mistral",
      { message: "Prompt contains 12 tokens and 0 draft tokens, too large for model with 8 maximum context length" },
      "8",
      "12",
    ],
    ["Fireworks", { message: "The prompt is too long: 12, model maximum context length: 8" }, "8", "12"],
    [
      "OpenAI",
      { message: "Input tokens exceed the configured limit of 8 tokens. Your messages resulted in 12 tokens." },
      "8",
      "12",
    ],
    [
      "LM Studio",
      {
        message:
          "Trying to keep the first 12 tokens when context the overflows. " +
          "However, the model is loaded with context length of only 8 tokens, which is not enough.",
      },
      "8",
      "12",
    ],
    [
      "Together",
      { message: "`inputs` tokens + `max_new_tokens` must be <= 8. Given: 6 `inputs` tokens and 4 `max_new_tokens`" },
      "8",
      "6",
    ],
    ["nobody", { message: "maximum model length of 8" }, "8", undefined],
  ])("tell how much too long the input is, in the words of %s", (_, error, limitTokens, inputTokens) => {
    const { reason, info } = faultFor(400, { error: { code: 400, ...error } });
    expect([reason, info["limitTokens"], info["inputTokens"]]).toEqual([
      "CONTEXT_LENGTH_EXCEEDED",
      limitTokens,
      inputTokens,
    ]);
  });

  it("take the tokens of the messages for the input, not what the answer may have", () => {
    const numbers = "maximum context length is 100 tokens. However, you requested 150 tokens";
    const message = `This model's ${numbers} (110 in the messages, 40 in the completion).`;
    expect(faultFor(400, { error: { message } }).info).toMatchObject({ limitTokens: "100", inputTokens: "110" });
    const plain = "This model's maximum context length is 100 tokens. However, your messages resulted in 120 tokens.";
    expect(faultFor(400, { error: { message: plain } }).info).toMatchObject({ inputTokens: "120" });
  });
});
