import { describe, expect, test } from "vitest";
import { checkConversation } from "../../../src/services/conversation-rules.ts";
import { requestOf } from "./cases.ts";
import { bodyOf, functions, hi, refusalOf, warningsOf } from "./rendered.ts";

describe("tools", () => {
  test("are functions with a schema, sorted where it has no order, or the provider's own", () => {
    const { tools } = bodyOf({
      ...hi,
      tools: [
        { function: { name: "none" } },
        {
          function: {
            name: "text",
            description: "d",
            strict: true,
            parametersJson: '{"type":"object","properties":{"b":{},"a":{}}}',
          },
        },
        { function: { name: "struct", parameters: { type: "object", properties: { b: {}, a: {} } } } },
        { providerTool: { id: "anthropic.web_search_20250305", config: { max_uses: 2 } } },
        { providerTool: { id: "anthropic.computer_20250124", name: "desk" } },
        { providerTool: { id: "anthropic.text_editor_20250728" } },
        { providerTool: { id: "anthropic.mcp_toolset", config: { mcp_server_name: "s" } } },
      ],
    });
    expect(JSON.stringify(tools)).toBe(
      JSON.stringify([
        { name: "none", input_schema: { type: "object", properties: {} } },
        {
          name: "text",
          description: "d",
          input_schema: { type: "object", properties: { b: {}, a: {} } },
          strict: true,
        },
        { name: "struct", input_schema: { type: "object", properties: { a: {}, b: {} } } },
        { type: "web_search_20250305", name: "web_search", max_uses: 2 },
        { type: "computer_20250124", name: "desk" },
        { type: "text_editor_20250728", name: "str_replace_based_edit_tool" },
        { type: "mcp_toolset", mcp_server_name: "s" },
      ]),
    );
    const foreign = { ...hi, tools: [{ providerTool: { id: "openai.web_search" } }] };
    expect(refusalOf(foreign)).toMatchObject({
      reason: "CAPABILITY_UNSUPPORTED",
      info: { capability: "provider_tool" },
    });
    const broken = { ...hi, tools: [{ function: { name: "f", parametersJson: "{" } }] };
    expect(refusalOf(broken)).toMatchObject({ info: { field: "tools[0].function.parameters_json" } });
  });

  test.each([
    [{ mode: "TOOL_MODE_AUTO" }, { type: "auto" }],
    [{ mode: "TOOL_MODE_NONE", parallel: false }, { type: "none" }],
    [{ mode: "TOOL_MODE_REQUIRED", parallel: true }, { type: "any" }],
    [
      { toolName: "f", parallel: false },
      { type: "tool", name: "f", disable_parallel_tool_use: true },
    ],
  ])("choice %j", (toolChoice, expected) => {
    expect(bodyOf({ ...hi, ...functions, toolChoice }).tool_choice).toEqual(expected);
  });

  test.each(["str_replace_based_edit_tool", "text_editor_20250728"])("choice of the provider's %s", (toolName) => {
    const request = {
      ...hi,
      tools: [{ providerTool: { id: "anthropic.text_editor_20250728" } }],
      toolChoice: { toolName },
    };
    expect(() => checkConversation(requestOf(request))).not.toThrow();
    expect(bodyOf(request).tool_choice).toEqual({ type: "tool", name: "str_replace_based_edit_tool" });
  });

  test("keep the numbers of a schema and of an own block as they were written", () => {
    const schema = '{"type":"object","maximum":9223372036854775807}';
    const { tools } = bodyOf({ ...hi, tools: [{ function: { name: "f", parametersJson: schema } }] });
    expect(JSON.stringify(tools?.[0]?.["input_schema"])).toBe(schema);
    const own = { providerPart: { provider: "anthropic", kind: "x", json: '{"type":"x","n":1.0}' } };
    expect(JSON.stringify(bodyOf({ messages: [{ content: [own] }] }).messages)).toContain('{"type":"x","n":1.0}');
  });

  test("choice of a tool that is not there is refused", () => {
    const request = {
      ...hi,
      tools: [{ providerTool: { id: "anthropic.web_search_20250305" } }],
      toolChoice: { toolName: "search" },
    };
    expect(refusalOf(request)).toMatchObject({ reason: "INVALID_REQUEST", info: { field: "tool_choice.tool_name" } });
  });

  test("choice without tools is left out", () => {
    const request = { ...hi, toolChoice: { mode: "TOOL_MODE_REQUIRED" } };
    expect(bodyOf(request).tool_choice).toBeUndefined();
    expect(warningsOf(request)).toEqual(["SETTING_IGNORED tool_choice"]);
  });
});
