import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { renderChat } from "../../../src/protocols/chat-completions/render.ts";
import { renderOpenAi } from "../../../src/providers/openai/render.ts";
import { attemptOf, chunksOf, folded } from "./recording.ts";
import { delta, done, ending, whole } from "./script.ts";

interface Answer {
  readonly message: { readonly content: JsonObject[] };
}

/** The answer of a server "acme". */
function answerOf(body: string, stream: boolean, request: JsonObject = {}): Answer {
  const attempt = attemptOf({ model: "acme/m", input: "hi", ...request }, stream, "acme");
  return JSON.parse(JSON.stringify(folded(chunksOf(attempt, [Buffer.from(body)]))));
}

/** What the message becomes that is given back, after its JSON went to the client and came back. */
function next({ message }: Answer, provider = "acme", render = renderChat) {
  const attempt = attemptOf({ model: `${provider}/m`, messages: [{ text: "q" }, { ...message }] }, false, provider);
  const { body, warnings } = render(attempt);
  const messages: JsonValue[] = JSON.parse(JSON.stringify(body.messages));
  return { message: messages[1], warnings: warnings.map(({ code, field }) => `${code} ${field}`) };
}

const call = { id: "a", type: "function", function: { name: "f", arguments: "{}" } };
const tool_calls = [call];

describe("reasoning", () => {
  it.each(["reasoning_content", "reasoning"])("of a whole answer goes back beside tool calls, as %s", (field) => {
    const said = { content: null, [field]: "because", tool_calls };
    expect(next(answerOf(whole(said, "tool_calls"), false))).toEqual({
      message: { role: "assistant", ...said },
      warnings: [],
    });
  });

  it("of a stream goes back in one piece, also when the caller did not see it", () => {
    const body = delta({ reasoning_content: "be" }) + delta({ reasoning_content: "cause" }) + delta({ tool_calls });
    for (const reasoning of [{}, { hideText: true }]) {
      const answer = answerOf(body + ending("tool_calls") + done, true, { reasoning });
      expect(next(answer)).toMatchObject({ message: { reasoning_content: "because", tool_calls }, warnings: [] });
    }
  });

  it("is dropped beside words alone, for another provider, and for OpenAI, with a warning", () => {
    const warnings = ["PART_DROPPED messages[1].content[0]"];
    const words = answerOf(whole({ content: "Yes", reasoning_content: "because" }), false);
    expect(next(words)).toEqual({ message: { role: "assistant", content: "Yes" }, warnings });
    const calls = answerOf(whole({ content: null, reasoning_content: "because", tool_calls }), false);
    const plain = { message: { role: "assistant", content: null, tool_calls }, warnings };
    expect(next(calls, "other")).toEqual(plain);
    expect(next(calls, "acme", renderOpenAi)).toEqual(plain);
  });

  it("without a signature, or with one that cannot be read, is dropped", () => {
    const message = (value?: string) => ({
      role: "ROLE_ASSISTANT",
      content: [
        { reasoning: { text: "Hm" }, ...(value === undefined ? {} : { signature: { provider: "acme", value } }) },
        { toolCall: { id: "a", name: "f" } },
      ],
    });
    for (const value of [undefined, "ErUB", "[1]", '{"id":"rs_1"}']) {
      expect(next({ message: message(value) }).warnings).toEqual(["PART_DROPPED messages[1].content[0]"]);
    }
    expect(next({ message: message("") })).toMatchObject({ message: { reasoning_content: "Hm" }, warnings: [] });
  });
});

describe("reasoning_details", () => {
  const entry = { type: "reasoning.text", index: 0, format: "x" };
  const details = [
    { ...entry, text: "because", signature: "sig" },
    { type: "reasoning.encrypted", index: 1, data: "AAEC" },
  ];

  it("of a whole answer go back unchanged, in place of the text", () => {
    const said = { content: "Yes", reasoning: "because", reasoning_details: details };
    expect(next(answerOf(whole(said), false))).toEqual({
      message: { role: "assistant", content: "Yes", reasoning_details: details },
      warnings: [],
    });
  });

  it("of a stream are put together", () => {
    const body = [
      { reasoning: "be", reasoning_details: [{ ...entry, text: "be", signature: null }] },
      { reasoning: "cause", reasoning_details: [{ ...entry, text: "cause" }] },
      { reasoning_details: [{ ...entry, signature: "sig" }] },
      { content: "Yes", reasoning_details: [] },
      { reasoning_details: [details[1] ?? {}, 7] },
    ].map((said) => delta(said));
    const answer = answerOf(body.join("") + ending("stop") + done, true);
    expect(answer.message.content).toMatchObject([
      { reasoning: { text: "because" } },
      { text: "Yes" },
      { reasoning: {} },
    ]);
    expect(next(answer).message).toEqual({ role: "assistant", content: "Yes", reasoning_details: details });
  });

  it("stay apart by id", () => {
    const both = [
      { ...entry, id: "1", text: "a" },
      { ...entry, id: "2", text: "b" },
    ];
    const answer = answerOf(delta({ content: "Yes", reasoning_details: both }) + ending("stop") + done, true);
    expect(next(answer).message).toMatchObject({ reasoning_details: both });
  });
});

describe("extra_content", () => {
  const extra_content = { google: { thought_signature: "SIG" } };

  it.each([
    ["a whole answer", whole({ content: null, tool_calls: [{ ...call, extra_content }] }), false],
    ["a stream", delta({ tool_calls: [{ index: 0, ...call, extra_content }] }) + ending("tool_calls") + done, true],
    [
      "a later fragment",
      delta({ tool_calls: [{ index: 0, ...call }] }) +
        delta({ tool_calls: [{ index: 0, extra_content }] }) +
        ending("tool_calls") +
        done,
      true,
    ],
  ])("of a tool call in %s goes back with it", (_, body, stream) => {
    expect(next(answerOf(body, stream))).toEqual({
      message: { role: "assistant", content: null, tool_calls: [{ ...call, extra_content }] },
      warnings: [],
    });
  });

  it("is dropped for OpenAI and other providers, with a warning", () => {
    const answer = answerOf(whole({ content: null, tool_calls: [{ ...call, extra_content }] }), false);
    const plain = {
      message: { role: "assistant", content: null, tool_calls },
      warnings: ["SIGNATURE_DROPPED messages[1].content[0].signature"],
    };
    expect(next(answer, "other")).toEqual(plain);
    expect(next(answer, "acme", renderOpenAi)).toEqual(plain);
  });
});
