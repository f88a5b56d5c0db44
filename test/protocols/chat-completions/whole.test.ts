import { describe, expect, it } from "vitest";
import { errorOf } from "../../support/dialect.ts";
import { attemptOf, chunksOf, folded } from "./recording.ts";
import { answered, whole } from "./script.ts";

describe("a whole answer", () => {
  it("has reasoning, text, refusal and calls in this order", () => {
    const call = { id: "a", type: "function", function: { name: "f", arguments: "{}" } };
    const body = whole({ tool_calls: [call], refusal: "No", content: "Yes", reasoning_content: "Hm" }, "tool_calls");
    expect(answered(body)).toMatchObject({
      message: {
        content: [{ reasoning: { text: "Hm" } }, { text: "Yes" }, { refusal: "No" }, { toolCall: { id: "a" } }],
      },
    });
  });

  it.each([
    ["stop", "FINISH_REASON_STOP"],
    ["eos", "FINISH_REASON_STOP"],
    ["eos_token", "FINISH_REASON_STOP"],
    ["stop_sequence", "FINISH_REASON_STOP_SEQUENCE"],
    ["length", "FINISH_REASON_MAX_TOKENS"],
    ["model_length", "FINISH_REASON_CONTEXT_WINDOW"],
    ["tool_calls", "FINISH_REASON_TOOL_CALLS"],
    ["function_call", "FINISH_REASON_TOOL_CALLS"],
    ["content_filter", "FINISH_REASON_CONTENT_FILTER"],
    ["constructor", "FINISH_REASON_OTHER"],
    [null, "FINISH_REASON_OTHER"],
  ])("that ends with %s", (native, finishReason) => {
    expect(answered(whole({ content: "Hi" }, native))).toMatchObject({ finishReason });
  });

  it("keeps calls apart that have the same id, and makes ids that are missing or too long", () => {
    const call = (id?: string) => ({ ...(id === undefined ? {} : { id }), function: { name: "f", arguments: "{}" } });
    const body = whole({ tool_calls: [call("a"), call("a"), call(), call(""), call("b".repeat(257))] }, "tool_calls");
    const ids = ["a", "call_0", "call_1", "call_2", "call_3"];
    expect(answered(body)).toMatchObject({ message: { content: ids.map((id) => ({ toolCall: { id } })) } });
  });

  it.each([
    ["that is missing", ["call_0"], undefined, "call_1"],
    ["that an earlier turn has", ["call_0"], "call_0", "call_1"],
    ["that is missing, after the beginning of the conversation is gone", ["call_1"], undefined, "call_2"],
    ["that is free", ["call_0"], "call_7", "call_7"],
  ])("makes an id %s", (_, earlier, id, expected) => {
    const messages = [
      { role: "ROLE_ASSISTANT", content: earlier.map((one) => ({ toolCall: { id: one, name: "f" } })) },
      { role: "ROLE_TOOL", content: earlier.map((toolCallId) => ({ toolResult: { toolCallId } })) },
    ];
    const attempt = attemptOf({ model: "openai/gpt-x", messages }, false);
    const call = { ...(id === undefined ? {} : { id }), function: { name: "f", arguments: "{}" } };
    expect(folded(chunksOf(attempt, [Buffer.from(whole({ tool_calls: [call] }, "tool_calls"))]))).toMatchObject({
      message: { content: [{ toolCall: { id: expected } }] },
    });
  });

  it("may call a function as it was done before there were lists of calls", () => {
    const function_call = { name: "f", arguments: '{"a":1}' };
    expect(answered(whole({ content: null, function_call }, "function_call"))).toMatchObject({
      message: { content: [{ toolCall: { id: "call_0", name: "f", argumentsJson: '{"a":1}' } }] },
      finishReason: "FINISH_REASON_TOOL_CALLS",
    });
  });

  it("is no answer when the choice holds an error", () => {
    const choice = { index: 0, message: { content: "half" }, finish_reason: "error" };
    const failed = (error?: object) => JSON.stringify({ choices: [{ ...choice, ...(error && { error }) }] });
    expect(errorOf(() => answered(failed({ code: 429, message: "secret" }))).reason).toBe("PROVIDER_RATE_LIMITED");
    expect(errorOf(() => answered(failed())).reason).toBe("PROVIDER_UNAVAILABLE");
  });

  it("may have been cut by a filter before it said anything", () => {
    const body = JSON.stringify({ choices: [{ index: 0, finish_reason: "content_filter" }] });
    expect(answered(body)).toEqual({
      finishReason: "FINISH_REASON_CONTENT_FILTER",
      nativeFinishReason: "content_filter",
    });
  });

  it.each([
    ["nothing", "", "empty"],
    ["a page", "<html>", "bad_json"],
    ["a list", "[]", "bad_json"],
    ["JSON cut short", '{"choices"', "bad_json"],
    ["no choices", "{}", "no_choices"],
    ["an empty list of choices", '{"choices":[]}', "no_choices"],
    ["choices that are no list", '{"choices":{}}', "no_choices"],
  ])("cannot be %s", (_, body, cause) => {
    const error = errorOf(() => answered(body));
    expect([error.reason, error.info["cause"]]).toEqual(["PROVIDER_BAD_RESPONSE", cause]);
  });

  it("can be an error", () => {
    const error = errorOf(() => answered(JSON.stringify({ error: { code: 502, message: "secret" } })));
    expect([error.reason, error.info["upstreamCode"]]).toEqual(["PROVIDER_UNAVAILABLE", "502"]);
    expect(error.message).not.toContain("secret");
  });

  it("holds at most 1,024 calls", () => {
    const tool_calls = Array.from({ length: 1025 }, (_, index) => ({ id: `c${index}`, function: { name: "f" } }));
    expect(errorOf(() => answered(whole({ tool_calls }))).info["cause"]).toBe("parts_limit");
    const nameless = tool_calls.map(({ id }) => ({ id }));
    expect(errorOf(() => answered(whole({ tool_calls: nameless }))).info["cause"]).toBe("parts_limit");
  });
});

describe("usage", () => {
  const read = (usage: unknown, view = "COMPLETION_VIEW_BASIC") => {
    const attempt = attemptOf({ model: "openai/gpt-x", input: "hi", view }, false);
    return folded(chunksOf(attempt, [Buffer.from(whole({ content: "Hi" }, "stop", { usage }))]));
  };

  it("leaves unset what is not told", () => {
    expect(read({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 })).toMatchObject({
      usage: { inputTokens: 3, outputTokens: 4, source: "USAGE_SOURCE_PROVIDER" },
    });
    expect(read({ prompt_tokens: 3, completion_tokens: 4 })).not.toHaveProperty("usage.reasoningTokens");
    expect(read({ prompt_tokens: 3, completion_tokens: 4 })).not.toHaveProperty("usage.cacheReadTokens");
  });

  it.each([undefined, null, "7", [], {}, { prompt_tokens: null }])("is unknown when it is %j", (usage) => {
    expect(read(usage)).not.toHaveProperty("usage");
  });

  it("takes what is no number for zero", () => {
    expect(read({ prompt_tokens: "3", completion_tokens: 4, prompt_tokens_details: null })).toMatchObject({
      usage: { outputTokens: 4 },
    });
  });

  it("splits by cache and modality", () => {
    const usage = {
      prompt_tokens: 20,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 5, audio_tokens: 2, image_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 4, audio_tokens: 1 },
    };
    expect(read(usage)).toMatchObject({
      usage: {
        cacheReadTokens: 3,
        cacheWriteTokens: 5,
        reasoningTokens: 4,
        byModality: [{ modality: "MODALITY_AUDIO", inputTokens: 2, outputTokens: 1 }],
      },
    });
  });

  it("adds reasoning that a server counts beside the output (numbers of a recorded xAI answer)", () => {
    const details = { completion_tokens_details: { reasoning_tokens: 381 } };
    const usage = { prompt_tokens: 20, completion_tokens: 55, total_tokens: 456, ...details };
    expect(read(usage)).toMatchObject({ usage: { outputTokens: 436, reasoningTokens: 381 } });
  });

  it("is shown as the provider sent it in the full view only", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, queue_time: 0.5 };
    expect(read(usage, "COMPLETION_VIEW_FULL")).toMatchObject({ usage: { native: usage } });
    expect(read(usage)).not.toHaveProperty("usage.native");
  });
});
