import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { checkConversation } from "../../../src/services/conversation-rules.ts";
import { readChat } from "../../../src/surfaces/chat/request.ts";

function read(body: object) {
  const value = { messages: [{ role: "user", content: "hi" }], ...body };
  const { request } = readChat({ value, exact: () => value });
  checkConversation(request);
  return request;
}

const call = { id: "c1", type: "function", function: { name: "f", arguments: "{}" } };
const cache_control = { type: "ephemeral", ttl: "1h" };

test("marks for the prompt cache count wherever a text may have them", () => {
  const { messages } = read({
    messages: [
      { role: "system", content: [{ type: "text", text: "a", cache_control }] },
      { role: "user", content: [{ type: "text", text: "b", cache_control }] },
      { role: "assistant", content: [{ type: "text", text: "c", cache_control }], tool_calls: [call] },
      {
        role: "tool",
        tool_call_id: "c1",
        content: [
          { type: "text", text: "d", cache_control },
          { type: "text", text: "e" },
        ],
      },
    ],
  });
  const hints = messages.map(({ content }) => content[0]?.cacheHint?.ttl?.seconds);
  expect(hints).toEqual([3600n, 3600n, 3600n, 3600n]);
});

test("a call of years ago is refused, not forgotten", () => {
  const messages = [{ role: "assistant", function_call: { name: "f", arguments: "{}" } }];
  expect(() => read({ messages })).toThrow(/messages\[0\]\.function_call is no longer served/);
});

test("options of the field llmhub stand beside fields that are left to the provider", () => {
  const { providerOptions } = read({
    logit_bias: { 7: 1 },
    verbosity: "low",
    llmhub: { providerOptions: { openai: { verbosity: "high" }, anthropic: { container: "c" } } },
  });
  expect(providerOptions).toEqual({
    openai: { logit_bias: { 7: 1 }, verbosity: "high" },
    anthropic: { container: "c" },
  } satisfies Record<string, JsonObject>);
});

test("the sound of an earlier answer is at the provider that made it", () => {
  const { messages } = read({ messages: [{ role: "assistant", audio: { id: "audio_1" } }] });
  const [part] = messages[0]?.content ?? [];
  expect(part?.signature).toMatchObject({ provider: "openai", value: '{"audio":{"id":"audio_1"}}' });
});

test("tools that the choice does not allow are not told of", () => {
  const tools = ["f", "g"].map((name) => ({ type: "function", function: { name } }));
  const allowed_tools = { mode: "required", tools: [{ type: "function", function: { name: "g" } }] };
  const request = read({ tools, tool_choice: { type: "allowed_tools", allowed_tools } });
  expect(request.tools.map(({ kind }) => kind.case === "function" && kind.value.name)).toEqual(["g"]);
  expect(request.toolChoice?.choice).toEqual({ case: "mode", value: ToolMode.REQUIRED });
});
