import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type BadRequest, BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ContentPartSchema, Role } from "../../gen/llmhub/v1/content_pb.ts";
import { ToolMode } from "../../gen/llmhub/v1/tool_pb.ts";
import type { GatewayError } from "../../src/model/error.ts";
import { checkConversation } from "../../src/services/conversation-rules.ts";

type Request = MessageInitShape<typeof CompleteRequestSchema>;
type Part = MessageInitShape<typeof ContentPartSchema>;

const text: Part = { part: { case: "text", value: "hi" } };
const reasoning: Part = { part: { case: "reasoning", value: { text: "hm" } } };
const refusal: Part = { part: { case: "refusal", value: "no" } };
const cited: Part = { ...text, citations: [{ title: "source" }] };

function call(id: string): Part {
  return { part: { case: "toolCall", value: { id, name: "weather" } } };
}

function result(toolCallId: string): Part {
  return { part: { case: "toolResult", value: { toolCallId } } };
}

function says(role: Role, ...content: Part[]) {
  return { role, content };
}

function tool(name: string) {
  return { kind: { case: "function", value: { name } } } as const;
}

function violationsOf(request: Request, parent = ""): BadRequest["fieldViolations"] {
  try {
    checkConversation(create(CompleteRequestSchema, { input: "hi", ...request }), parent);
    return [];
  } catch (error) {
    return (error as GatewayError).findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  }
}

test.each<[string, Request]>([
  ["the shortest request", { input: "hi" }],
  [
    "shorthands in any role but tool",
    { messages: [Role.UNSPECIFIED, Role.USER, Role.ASSISTANT, Role.SYSTEM].map((role) => ({ role, text: "hi" })) },
  ],
  [
    "a conversation with tools",
    {
      tools: [tool("weather"), { kind: { case: "providerTool", value: { id: "anthropic.web_search" } } }],
      toolChoice: { choice: { case: "toolName", value: "web_search" } },
      messages: [
        says(Role.USER, text),
        says(Role.ASSISTANT, reasoning, cited, call("a"), call("b")),
        says(Role.TOOL, result("b"), result("a")),
        says(Role.ASSISTANT, refusal, call(""), call("")),
      ],
    },
  ],
  ["no tools where none is wanted", { toolChoice: { choice: { case: "mode", value: ToolMode.NONE } } }],
])("accepts %s", (_, request) => {
  expect(violationsOf(request)).toEqual([]);
});

describe("refuses", () => {
  test.each<[Request, string, string]>([
    [{ messages: [{ role: Role.TOOL, text: "22C" }] }, "messages[0].text", "tool_message.results_only"],
    [{ messages: [says(Role.TOOL, text)] }, "messages[0].content[0].text", "tool_message.results_only"],
    [{ messages: [says(Role.TOOL, call("a"))] }, "messages[0].content[0].tool_call", "tool_message.results_only"],
    [{ messages: [says(Role.USER, text, call("a"))] }, "messages[0].content[1].tool_call", "part.assistant_only"],
    [{ messages: [says(Role.UNSPECIFIED, reasoning)] }, "messages[0].content[0].reasoning", "part.assistant_only"],
    [{ messages: [says(Role.SYSTEM, refusal)] }, "messages[0].content[0].refusal", "part.assistant_only"],
    [{ messages: [says(Role.USER, cited)] }, "messages[0].content[0].citations", "citations.assistant_text_only"],
    [
      { messages: [says(Role.ASSISTANT, { ...refusal, citations: [{}] })] },
      "messages[0].content[0].citations",
      "citations.assistant_text_only",
    ],
    [
      { messages: [says(Role.ASSISTANT, call("a")), says(Role.USER, result("a"))] },
      "messages[1].content[0].tool_result",
      "part.tool_only",
    ],
    [
      { messages: [says(Role.TOOL, result("a")), says(Role.ASSISTANT, call("a"))] },
      "messages[0].content[0].tool_result.tool_call_id",
      "tool_result.call_required",
    ],
    [
      { messages: [says(Role.ASSISTANT, call("a")), says(Role.ASSISTANT, call("a"))] },
      "messages[1].content[0].tool_call.id",
      "tool_call.id_unique",
    ],
    [{ tools: [tool("a"), tool("b"), tool("a")] }, "tools[2]", "tool.name_unique"],
    [
      { tools: [tool("a")], toolChoice: { choice: { case: "toolName", value: "b" } } },
      "tool_choice.tool_name",
      "tool_choice.tool_required",
    ],
    [
      { toolChoice: { choice: { case: "mode", value: ToolMode.REQUIRED } } },
      "tool_choice.mode",
      "tool_choice.tools_required",
    ],
  ])("%j", (request, field, reason) => {
    expect(violationsOf(request)).toMatchObject([{ field, reason }]);
    expect(violationsOf(request, "request")).toMatchObject([{ field: `request.${field}`, reason }]);
  });

  test("with the reason of invalid requests", () => {
    const request = create(CompleteRequestSchema, { input: "hi", tools: [tool("a"), tool("a")] });
    expect(() => checkConversation(request)).toThrow(
      expect.objectContaining({ reason: "INVALID_REQUEST", info: { violations: "1" } }),
    );
  });

  test("no more than an error can hold", () => {
    const messages = Array.from({ length: 1000 }, () => says(Role.USER, refusal));
    expect(violationsOf({ messages })).toHaveLength(20);
  });
});

test("there must be something to answer", () => {
  expect(violationsOf({ system: "be brief", input: "" })).toMatchObject([
    { field: "messages", reason: "input_required" },
  ]);
  expect(violationsOf({ input: "hi" }, "request")).toEqual([]);
  expect(violationsOf({ input: "" }, "request")).toMatchObject([{ field: "request.messages" }]);
});
