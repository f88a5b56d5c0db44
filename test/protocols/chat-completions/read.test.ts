import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Chunk } from "../../../src/model/chunk.ts";
import type { GatewayError } from "../../../src/model/error.ts";
import { readChat } from "../../../src/protocols/chat-completions/read.ts";
import { errorOf } from "../../support/dialect.ts";
import { anyAttempt, attemptOf, chunksOf, folded, recordings } from "./recording.ts";
import { delta, done, ending, event, streamed, whole } from "./script.ts";

const answered = recordings.filter(({ meta }) => meta.status === 200);
const streams = answered.filter(({ call }) => call.stream);

describe("recorded answers", () => {
  it.each(answered)("$name", ({ call, body, expected }) => {
    const chunks = chunksOf(attemptOf(call.request, call.stream), [body]);
    expect(folded(chunks)).toEqual(expected.response);
  });

  it.each(answered)("$name, byte by byte", ({ call, body, expected }) => {
    const bytes = Array.from(body, (_, index) => body.subarray(index, index + 1));
    expect(folded(chunksOf(attemptOf(call.request, call.stream), bytes))).toEqual(expected.response);
  });

  it.each(streams)("$name, cut around the end of each event", ({ call, body, expected }) => {
    const attempt = attemptOf(call.request, true);
    for (let end = body.indexOf("\n\n"); end !== -1; end = body.indexOf("\n\n", end + 2)) {
      for (const cut of [end, end + 1, end + 2, end + 3]) {
        const chunks = chunksOf(attempt, [body.subarray(0, cut), body.subarray(cut)]);
        expect(folded(chunks)).toEqual(expected.response);
      }
    }
  });

  it.each(streams)("$name, broken off before the finish reason", ({ call, body }) => {
    const cut = body.lastIndexOf('"finish_reason":null') + 1;
    const error = errorOf(() => chunksOf(attemptOf(call.request, true), [body.subarray(0, cut)]));
    expect([error.reason, error.info["cause"]]).toEqual(["STREAM_INTERRUPTED", "truncated"]);
  });
});

describe("a stream", () => {
  it("yields nothing for what comes before the first content", () => {
    const out: Chunk[] = [];
    const reader = readChat(anyAttempt(true));
    reader.push(Buffer.from(event({ choices: [], model: "", prompt_filter_results: [{}] })), out);
    reader.push(Buffer.from(delta({ role: "assistant", content: "", refusal: null })), out);
    expect([out, reader.model]).toEqual([[], "gpt-x"]);
    reader.push(Buffer.from(delta({ content: "Hi" })), out);
    expect(out.map((chunk) => chunk.case)).toEqual(["partStarted", "partDelta"]);
  });

  it("holds its end until [DONE], once, and ignores what follows", () => {
    const out: Chunk[] = [];
    const reader = readChat(anyAttempt(true));
    reader.push(Buffer.from(delta({ content: "Hi" }) + ending("stop")), out);
    expect(out.map((chunk) => chunk.case)).toEqual(["partStarted", "partDelta"]);
    reader.push(Buffer.from(`${done}${done}${delta({ content: "more" })}data: junk\n\n`), out);
    reader.push(Buffer.from("data: junk\n\n"), out);
    reader.end(out);
    expect(out.map((chunk) => chunk.case)).toEqual(["partStarted", "partDelta", "partFinished", "finished"]);
  });

  it("may lack [DONE] when the finish reason came", () => {
    expect(streamed(delta({ content: "Hi" }) + ending("stop"))).toMatchObject({ finishReason: "FINISH_REASON_STOP" });
  });

  it("reads usage beside the last choice, and the latest totals only", () => {
    const usage = (completion_tokens: number) => ({ usage: { prompt_tokens: 7, completion_tokens } });
    const first = event({ choices: [{ index: 0, delta: { content: "Hi" } }], ...usage(1) });
    const last = event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], ...usage(2) });
    const chunks = chunksOf(anyAttempt(true), [Buffer.from(first + last + done)]);
    expect(chunks.map((chunk) => chunk.case)).toEqual([
      "partStarted",
      "partDelta",
      "usage",
      "partFinished",
      "finished",
    ]);
    expect(folded(chunks)).toMatchObject({ usage: { inputTokens: 7, outputTokens: 2 } });
  });

  it("has no usage where the provider sends none", () => {
    expect(streamed(delta({ content: "Hi" }) + ending("stop") + done)).not.toHaveProperty("usage");
    expect(streamed(delta({ content: "Hi" }) + event({ choices: [], usage: {} }) + done)).not.toHaveProperty("usage");
  });

  it.each(["reasoning_content", "reasoning"])("reads %s as a part of its own", (field) => {
    const body = delta({ content: null, [field]: "Let me" }) + delta({ [field]: " see" }) + delta({ content: "Yes" });
    expect(streamed(body + ending("stop") + done)).toMatchObject({
      message: { content: [{ reasoning: { text: "Let me see" } }, { text: "Yes" }] },
    });
  });

  it("reads reasoning beside the empty field of the other name", () => {
    const body = delta({ reasoning_content: "", reasoning: "Hm" }) + delta({ reasoning_content: null, reasoning: "m" });
    expect(streamed(body + ending("stop") + done)).toMatchObject({
      message: { content: [{ reasoning: { text: "Hmm" } }] },
    });
  });

  it("reads content in lists", () => {
    const thinking = { type: "thinking", thinking: [{ type: "text", text: "Hm" }] };
    const body = delta({ content: [thinking, { type: "text", text: "Y" }] }) + delta({ content: "es" });
    expect(streamed(body + ending("stop") + done)).toMatchObject({
      message: { content: [{ reasoning: { text: "Hm" } }, { text: "Yes" }] },
    });
  });

  it("leaves the text of reasoning out when the caller does not want to see it", () => {
    const attempt = attemptOf({ model: "openai/gpt-x", input: "hi", reasoning: { hideText: true } }, true);
    const body = delta({ reasoning: "Hm" }) + delta({ content: "Yes" }) + ending("stop") + done;
    const value = JSON.stringify({ reasoning: "Hm" });
    expect(folded(chunksOf(attempt, [Buffer.from(body)]))).toMatchObject({
      message: { content: [{ text: "Yes" }, { reasoning: {}, signature: { provider: "openai", value } }] },
    });
  });

  it("reads the first choice only", () => {
    const other = event({ choices: [{ index: 1, delta: { content: "No" }, finish_reason: "length" }] });
    expect(streamed(other + delta({ content: "Yes" }) + other + ending("stop") + done)).toMatchObject({
      message: { content: [{ text: "Yes" }] },
      finishReason: "FINISH_REASON_STOP",
    });
  });

  it("may leave the index of its choice open", () => {
    const body = event({ choices: [{ index: null, delta: { content: "Yes" }, finish_reason: "stop" }] });
    expect(streamed(body + done)).toMatchObject({ message: { content: [{ text: "Yes" }] } });
  });

  it("may end with the whole message, or be one, without saying it twice", () => {
    const last = event({ choices: [{ index: 0, message: { content: "Yes" }, finish_reason: "stop" }] });
    const expected = { message: { content: [{ text: "Yes" }] } };
    expect(streamed(delta({ content: "Ye" }) + delta({ content: "s" }) + last + done)).toMatchObject(expected);
    expect(streamed(last + done)).toMatchObject(expected);
  });

  it("replaces halves of surrogate pairs, which no message can carry", () => {
    const body = JSON.stringify({
      content: "a?b",
      tool_calls: [{ id: "?", function: { name: "?", arguments: "?1" } }],
    });
    const said = (half: string) => JSON.parse(body.replaceAll("?", half));
    expect(streamed(delta(said("\\ud83d")) + ending("stop?".replace("?", "\udc00")) + done)).toMatchObject({
      message: {
        content: [{ text: "a\ufffdb" }, { toolCall: { id: "\ufffd", name: "\ufffd", argumentsJson: "\ufffd1" } }],
      },
      nativeFinishReason: "stop\ufffd",
    });
  });

  it("carries the probabilities of tokens with the text", () => {
    const token = {
      token: "Hi",
      logprob: -0.1,
      bytes: [72, 105],
      top_logprobs: [
        { token: "Hi", logprob: -0.1 },
        { token: "Yo", logprob: -3 },
      ],
    };
    const body = event({ choices: [{ index: 0, delta: { content: "Hi" }, logprobs: { content: [token] } }] });
    expect(streamed(body + ending("stop") + done)).toMatchObject({
      logprobs: [{ token: "Hi", logprob: -0.1, alternatives: [{ token: "Yo", logprob: -3 }] }],
    });
  });

  it("attaches annotations to the text", () => {
    const url_citation = { url: "https://example.com", title: "Example", start_index: 0, end_index: 3 };
    const body = delta({ content: "See" }) + delta({ annotations: [{ type: "url_citation", url_citation }] });
    expect(streamed(body + ending("stop") + done)).toMatchObject({
      message: {
        content: [
          {
            text: "See",
            citations: [{ uri: "https://example.com", title: "Example", startCodePoint: 0, endCodePoint: 3 }],
          },
        ],
      },
    });
  });

  it.each([
    [1.5, 1e12],
    [-1, 2 ** 31],
    ["0", null],
  ])("leaves out positions of annotations that are none: %j, %j", (start_index, end_index) => {
    const url_citation = { url: "https://example.com", start_index, end_index };
    const body = delta({ content: "See", annotations: [{ type: "url_citation", url_citation }] });
    expect(streamed(body + ending("stop") + done)).toMatchObject({
      message: { content: [{ text: "See", citations: [{ uri: "https://example.com" }] }] },
    });
  });

  it("gives the same text however its bytes and characters are cut", () => {
    const units = fc.array(fc.string({ unit: "binary", maxLength: 6 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(units, fc.array(fc.nat(1000)), fc.nat(50), (texts, cuts, middle) => {
        const text = texts.join("😀");
        const halves = [text.slice(0, middle), text.slice(middle)];
        const body = Buffer.from(halves.map((content) => delta({ content })).join("") + ending("stop") + done);
        const places = cuts.map((cut) => cut % body.length).sort((a, b) => a - b);
        const pieces = [...places, body.length].map((end, index) => body.subarray(places[index - 1] ?? 0, end));
        const chunks = chunksOf(anyAttempt(true), pieces);
        expect(textOf(chunks)).toBe(text);
        expect(chunks.every((chunk) => deltaOf(chunk).isWellFormed())).toBe(true);
      }),
    );
  });
});

describe("what is no stream", () => {
  it.each([
    ["an empty body", "", "PROVIDER_BAD_RESPONSE", "empty"],
    ["blank lines", "\n\n\n", "PROVIDER_BAD_RESPONSE", "empty"],
    ["a page", "<!doctype html><title>hi</title>", "PROVIDER_BAD_RESPONSE", "not_sse"],
    ["a whole answer", whole({ content: "Hi" }), "PROVIDER_BAD_RESPONSE", "not_sse"],
    ["JSON cut short", '{"choices": [', "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["bad JSON in an event", 'data: {"choices": [\n\n', "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["no object in an event", "data: 7\n\n", "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["an end without choices", done, "PROVIDER_BAD_RESPONSE", "no_choices"],
    ["events without choices", event({ id: "x" }) + done, "PROVIDER_BAD_RESPONSE", "no_choices"],
    ["comments only", ": wait\n\n: wait\n\n", "STREAM_INTERRUPTED", "truncated"],
    ["half an event", 'data: {"choices":', "STREAM_INTERRUPTED", "truncated"],
    ["content without an end", delta({ content: "Hi" }), "STREAM_INTERRUPTED", "truncated"],
  ])("%s", (_, body, reason, cause) => {
    const error = errorOf(() => chunksOf(anyAttempt(true), [Buffer.from(body)]));
    expect([error.reason, error.info["cause"]]).toEqual([reason, cause]);
  });

  it("ends at 1,024 parts", () => {
    const two = delta({ reasoning: "a" }) + delta({ content: "b" });
    expect(streamed(two.repeat(512) + ending("stop") + done)).toMatchObject({ finishReason: "FINISH_REASON_STOP" });
    const error = errorOf(() => streamed(`${two.repeat(512)}${delta({ reasoning: "a" })}`));
    expect([error.reason, error.info["cause"]]).toEqual(["PROVIDER_BAD_RESPONSE", "parts_limit"]);
  });
});

describe("an error inside a stream", () => {
  const unlike = { type: "invalid_request_error", code: "not_listed", message: "secret words" };
  it.each<[string, string, GatewayError["reason"]]>([
    ["as the first event", event({ error: { type: "server_error", message: "secret words" } }), "PROVIDER_UNAVAILABLE"],
    ["after content", delta({ content: "Hi" }) + event({ error: { code: 429 } }), "PROVIDER_RATE_LIMITED"],
    ["beside a choice", event({ choices: [{ delta: {} }], error: { code: 503 } }), "PROVIDER_OVERLOADED"],
    ["in an event of its name", `event: error\n${event({ error: unlike })}`, "PROVIDER_INVALID_REQUEST"],
    ["without an envelope", `event: error\n${event({ ...unlike, type: "overloaded_error" })}`, "PROVIDER_OVERLOADED"],
    ["of what the model wrote", event({ error: { ...unlike, code: "tool_use_failed" } }), "PROVIDER_BAD_RESPONSE"],
    ["of an exhausted account", event({ error: { code: "insufficient_quota" } }), "PROVIDER_QUOTA_EXHAUSTED"],
    ["as a whole body", JSON.stringify({ error: { code: "rate_limit_exceeded" } }), "PROVIDER_RATE_LIMITED"],
    [
      "of a choice",
      delta({ content: "Hi" }) + event({ choices: [{ delta: {}, finish_reason: "error", error: { code: 502 } }] }),
      "PROVIDER_UNAVAILABLE",
    ],
    ["as a finish reason", delta({ content: "Hi" }) + ending("error"), "PROVIDER_UNAVAILABLE"],
    ["as DeepSeek ends", delta({ content: "Hi" }) + ending("insufficient_system_resource"), "PROVIDER_OVERLOADED"],
    ["as a sentence", event({ error: "secret words" }), "PROVIDER_UNAVAILABLE"],
  ])("%s", (_, body, reason) => {
    const error = errorOf(() => streamed(body));
    expect(error.reason).toBe(reason);
    expect(error.message + JSON.stringify(error.info)).not.toContain("secret");
  });

  it("comes after the usage that is charged all the same", () => {
    const out: Chunk[] = [];
    const reader = readChat(anyAttempt(true));
    const usage = { prompt_tokens: 43, completion_tokens: 10 };
    expect(() => reader.push(Buffer.from(event({ choices: [], error: { code: 400 }, usage })), out)).toThrow();
    expect(out.map((chunk) => chunk.case)).toEqual(["usage"]);
  });
});

function deltaOf(chunk: Chunk): string {
  return chunk.case === "partDelta" && chunk.value.delta.case === "text" ? chunk.value.delta.value : "";
}

function textOf(chunks: readonly Chunk[]): string {
  return chunks.map(deltaOf).join("");
}
