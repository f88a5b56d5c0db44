import { create, toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { parseExact } from "../../../src/protocols/exact-json.ts";
import { checkConversation } from "../../../src/services/conversation-rules.ts";
import { messageOf } from "../../../src/surfaces/messages/answer.ts";
import { Citations } from "../../../src/surfaces/messages/citations.ts";
import { readMessages } from "../../../src/surfaces/messages/request.ts";

function read(body: object, headers: Record<string, string> = {}) {
  const text = JSON.stringify({ max_tokens: 100, messages: [{ role: "user", content: "hi" }], ...body });
  const { request } = readMessages({ value: JSON.parse(text), exact: () => parseExact(text) }, headers);
  checkConversation(request);
  return request;
}

function partsOf(...content: object[]) {
  return read({ messages: [{ role: "user", content }] }).messages.flatMap((message) => message.content);
}

const source = { type: "text", media_type: "text/plain", data: "The sky is blue." };

test("what the model is to know of a document goes with it", () => {
  const [about, from] = partsOf(
    { type: "document", source, context: "Written in 1999." },
    { type: "document", source, context: "Source: https://example.com/a" },
  );
  expect(about?.providerOptions).toEqual({ anthropic: { context: "Written in 1999." } });
  expect(from?.part.value).toMatchObject({ uri: "https://example.com/a" });
  expect(from?.providerOptions).toEqual({});
});

test("citations of an earlier answer stay with their text", () => {
  const citation = { type: "web_search_result_location", url: "https://example.com", title: "T", cited_text: "blue" };
  const content = [{ type: "text", text: "Blue.", citations: [citation] }];
  const [said] = read({ messages: [{ role: "assistant", content }] }).messages[0]?.content ?? [];
  expect(said?.citations).toMatchObject([{ source: { case: "uri", value: "https://example.com" }, title: "T" }]);
});

test("a mark for the prompt cache within the result of a tool is one on the result", () => {
  const { messages } = read({
    messages: [
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: {} }] },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "t1",
            content: [{ type: "text", text: "ok", cache_control: { type: "ephemeral" } }],
          },
        ],
      },
    ],
  });
  expect(messages[1]?.content[0]?.cacheHint).toBeDefined();
});

test("a result that only Anthropic's models can read goes to them as it is", () => {
  const result = { type: "tool_result", tool_use_id: "t1", content: [{ type: "tool_reference", tool_name: "g" }] };
  const { messages } = read({
    messages: [
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: {} }] },
      { role: "user", content: [result] },
    ],
  });
  expect(messages[1]?.content[0]?.part.value).toMatchObject({
    provider: "anthropic",
    kind: "tool_result",
    json: JSON.stringify(result),
  });
});

test("thinking without a signature is nobody's", () => {
  const blocks = [
    { type: "thinking", thinking: "a", signature: "" },
    { type: "thinking", thinking: "b" },
    { type: "text", text: "c" },
  ];
  const { messages } = read({ messages: [{ role: "assistant", content: blocks }] });
  expect(messages[0]?.content.map(({ signature }) => signature)).toEqual([undefined, undefined, undefined]);
});

test("what only another API has words for comes back as it was, under a seal; Anthropic's own blocks are themselves", () => {
  const content = ["web_search_call", "server_tool_use"].map((kind) =>
    create(ContentPartSchema, {
      part: { case: "providerPart", value: { provider: "p", kind, json: `{"type":"${kind}","id":"x"}` } },
    }),
  );
  const answer = messageOf(create(CompleteResponseSchema, { message: { content } }), new Citations([])) as {
    content: object[];
  };
  expect(answer.content).toMatchObject([{ type: "redacted_thinking" }, { type: "server_tool_use", id: "x" }]);
  const [sealed] = read({ messages: [{ role: "assistant", content: answer.content }] }).messages[0]?.content ?? [];
  const [first] = content;
  if (sealed === undefined || first === undefined) throw new Error("nothing came back");
  expect(toJson(ContentPartSchema, sealed)).toEqual(toJson(ContentPartSchema, first));
});

test("beta features stand beside options of the field llmhub", () => {
  const llmhub = { providerOptions: { anthropic: { container: "c" } } };
  expect(read({ llmhub }, { "anthropic-beta": "a-1, b-2" }).providerOptions).toEqual({
    anthropic: { anthropic_beta: ["a-1", "b-2"], container: "c" },
  });
});
