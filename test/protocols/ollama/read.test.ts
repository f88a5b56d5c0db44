import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/model/error.ts";
import { ollama } from "../../../src/protocols/ollama/protocol.ts";
import { cutAt } from "../../conformance/cuts.ts";
import { answerOf, completionOf, errorOf, piecesOf } from "../../support/dialect.ts";

const aim = { provider: "ollama", model: "llama3" };
const lines = (...list: object[]) => Buffer.from(list.map((line) => `${JSON.stringify(line)}\n`).join(""));
const said = (message: object, rest: object = {}) => ({ model: "m-2", message, done: false, ...rest });
const done = {
  model: "m-2",
  message: { content: "" },
  done: true,
  done_reason: "stop",
  prompt_eval_count: 3,
  eval_count: 2,
};
const streamed = (reads: readonly Buffer[], json: JsonObject = { input: "hi" }) =>
  answerOf(ollama, completionOf(json, { ...aim, stream: true }), reads);
const whole = (body: string) => answerOf(ollama, completionOf({ input: "hi" }, aim), [Buffer.from(body)]);

const call = { function: { name: "f", arguments: { n: 1 } } };
const full = lines(
  said({ thinking: "hm " }),
  said({ thinking: "well" }),
  said(
    { content: "grü" },
    {
      logprobs: [
        {
          token: "grü",
          logprob: -1,
          top_logprobs: [
            { token: "grü", logprob: -1 },
            { token: "x", logprob: -2 },
          ],
        },
      ],
    },
  ),
  said({ content: "ße 😀" }),
  said({ tool_calls: [call, { id: "given", ...call }] }),
  said({ tool_calls: [{ id: "given", ...call }] }),
  { ...done, total_duration: 5, load_duration: 1 },
);

test("a stream is the same however it is cut", () => {
  const expected = {
    message: {
      role: "ROLE_ASSISTANT",
      content: [
        { reasoning: { text: "hm well" }, signature: { provider: "ollama" } },
        { text: "grüße 😀" },
        { toolCall: { id: "call_0", name: "f", argumentsJson: '{"n":1}' } },
        { toolCall: { id: "given", name: "f", argumentsJson: '{"n":1}' } },
        { toolCall: { id: "call_1", name: "f", argumentsJson: '{"n":1}' } },
      ],
    },
    finishReason: "FINISH_REASON_TOOL_CALLS",
    nativeFinishReason: "stop",
    usage: {
      inputTokens: 3,
      outputTokens: 2,
      source: "USAGE_SOURCE_PROVIDER",
      native: { prompt_eval_count: 3, eval_count: 2 },
    },
    logprobs: [{ token: "grü", logprob: -1, alternatives: [{ token: "x", logprob: -2 }] }],
    providerMetadata: { ollama: { total_duration: 5, load_duration: 1 } },
  };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: full.length })), (cuts) => {
      expect(
        streamed(
          cutAt(
            full,
            cuts.sort((a, b) => a - b),
          ),
        ),
      ).toEqual(expected);
    }),
  );
});

test("arguments arrive as the model wrote them", () => {
  const body =
    '{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"n":1.0,"big":12345678901234567890}}}]},"done":true}';
  const text = '{"n":1.0,"big":12345678901234567890}';
  expect(whole(body)).toMatchObject({ message: { content: [{ toolCall: { argumentsJson: text } }] } });
  expect(streamed([Buffer.from(body)])).toMatchObject({
    message: { content: [{ toolCall: { argumentsJson: text } }] },
  });
});

test("hidden reasoning stays out", () => {
  expect(streamed([full], { input: "hi", reasoning: { hideText: true } })).toMatchObject({
    message: { content: [{ text: "grüße 😀" }, {}, {}, {}] },
  });
});

test.each([
  ["stop", "FINISH_REASON_STOP"],
  ["length", "FINISH_REASON_MAX_TOKENS"],
  ["", "FINISH_REASON_STOP"],
  ["load", "FINISH_REASON_OTHER"],
])('done_reason "%s" is %s', (reason, finishReason) => {
  expect(streamed([lines({ ...done, done_reason: reason })])).toMatchObject({ finishReason });
});

test("a prompt that is not counted is estimated, and marked so", () => {
  const { prompt_eval_count: _, ...uncounted } = done;
  const usage = { inputTokens: 5, outputTokens: 2, source: "USAGE_SOURCE_ESTIMATED" };
  expect(streamed([lines(uncounted)])).toMatchObject({ usage });
  expect(streamed([lines({ message: {}, done: true })])).not.toHaveProperty("usage");
});

test("pictures that a model makes", () => {
  const body = { message: { images: ["iVBORw0KGgo="] }, done: true };
  expect(whole(JSON.stringify(body))).toMatchObject({
    message: { content: [{ media: { data: "iVBORw0KGgo=", mimeType: "image/png" } }] },
  });
});

test("probabilities of tokens that were held back come with the next text", () => {
  const token = (name: string) => ({ logprobs: [{ token: name, logprob: -1 }] });
  const answer = streamed([lines(said({ content: "" }, token("a")), said({ content: "ab" }, token("b")), done)]);
  expect(answer).toMatchObject({ logprobs: [{ token: "a" }, { token: "b" }] });
});

describe("is refused", () => {
  test.each<[string, Buffer, string, string]>([
    ["nothing", Buffer.from(" \n"), "PROVIDER_BAD_RESPONSE", "empty"],
    ["no JSON", Buffer.from("<html>\n"), "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["no object", Buffer.from("[]\n"), "PROVIDER_BAD_RESPONSE", "bad_json"],
    ["a cut stream", lines(said({ content: "a" })), "STREAM_INTERRUPTED", "truncated"],
    ["a call without a name", lines(said({ tool_calls: [{}] })), "PROVIDER_BAD_RESPONSE", "tool_call_without_name"],
    ["too many parts", lines(said({ tool_calls: Array(1025).fill(call) })), "PROVIDER_BAD_RESPONSE", "parts_limit"],
  ])("%s", (_name, body, reason, cause) => {
    expect(errorOf(() => streamed([body]))).toMatchObject({ reason, info: { cause } });
  });

  test("an error, first or later", () => {
    const error = lines({ error: "llama runner process has terminated" });
    expect(errorOf(() => streamed([error])).reason).toBe("PROVIDER_UNAVAILABLE");
    const later = Buffer.concat([lines(said({ content: "a" })), error]);
    expect(errorOf(() => streamed([later])).reason).toBe("PROVIDER_UNAVAILABLE");
    expect(errorOf(() => whole('{"error":"prompt is too long"}')).reason).toBe("CONTEXT_LENGTH_EXCEEDED");
  });

  test("a whole answer that is not done", () => {
    expect(errorOf(() => whole('{"message":{"content":"a"}}')).info["cause"]).toBe("not_done");
  });

  test("whatever else, by a typed error", () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 })
        .map((list) =>
          Buffer.from(list.map((value) => JSON.stringify({ message: value, done: value, logprobs: value })).join("\n")),
        ),
    );
    fc.assert(
      fc.property(noise, fc.boolean(), (body, stream) => {
        const attempt = completionOf({ input: "hi" }, { ...aim, stream });
        try {
          piecesOf(ollama.read(attempt), [body]);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});
