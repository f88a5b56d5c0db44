import { describe, expect, it } from "vitest";
import { attemptOf, chunksOf, folded } from "./recording.ts";
import { answered, errorOf, whole } from "./script.ts";

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

  it("keeps calls apart that have the same id, and makes ids that are missing", () => {
    const call = (id?: string) => ({ ...(id === undefined ? {} : { id }), function: { name: "f", arguments: "{}" } });
    const body = whole({ tool_calls: [call("a"), call("a"), call(), call("")] }, "tool_calls");
    const ids = ["a", "a", "call_0", "call_1"];
    expect(answered(body)).toMatchObject({ message: { content: ids.map((id) => ({ toolCall: { id } })) } });
  });

  it("makes ids that earlier turns do not have", () => {
    const toolCall = { id: "call_0", name: "f", argumentsJson: "{}" };
    const messages = [
      { role: "ROLE_ASSISTANT", content: [{ toolCall }] },
      { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "call_0" } }] },
    ];
    const attempt = attemptOf({ model: "openai/gpt-x", messages }, false);
    const body = whole({ tool_calls: [{ function: { name: "f", arguments: "{}" } }] }, "tool_calls");
    expect(folded(chunksOf(attempt, [Buffer.from(body)]))).toMatchObject({
      message: { content: [{ toolCall: { id: "call_1" } }] },
    });
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
