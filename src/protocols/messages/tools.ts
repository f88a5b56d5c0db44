import { type FunctionTool, type ProviderTool, type Tool, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import type { CacheMarks } from "./cache-marks.ts";
import type { Rendering } from "./rendering.ts";
import { schemaOf } from "./schema.ts";
import type { ToolChoice, ToolDefinition } from "./wire.ts";

/** The tool definitions of a request. Throws for tools that other providers define. */
export function renderTools(tools: readonly Tool[], marks: CacheMarks, rendering: Rendering): ToolDefinition[] {
  return tools.flatMap(({ kind, cacheHint }, index) => {
    const path = `tools[${index}]`;
    if (kind.case === undefined) return [];
    const tool =
      kind.case === "function"
        ? functionTool(kind.value, `${path}.function`, rendering)
        : providerTool(kind.value, `${path}.provider_tool`, rendering);
    marks.put(tool, cacheHint, path);
    return [tool];
  });
}

function functionTool(tool: FunctionTool, path: string, rendering: Rendering): ToolDefinition {
  const { name, description, inputSchema, strict } = tool;
  const schema = schemaOf(inputSchema, `${path}.parameters_json`, rendering);
  return {
    name,
    ...(description === "" ? {} : { description }),
    input_schema: schema === undefined ? { type: "object", properties: {} } : { type: "object", ...schema },
    ...(strict === undefined ? {} : { strict }),
  };
}

/** "anthropic.web_search_20250305" is the type web_search_20250305, whose name is web_search. */
function providerTool(tool: ProviderTool, path: string, rendering: Rendering): ToolDefinition {
  const dot = tool.id.indexOf(".");
  const type = tool.id.slice(dot + 1);
  if (!rendering.isOwn(tool.id.slice(0, dot))) {
    throw rendering.unsupported("provider_tool", `${path}.id`, "the tool is another provider's");
  }
  return { type, name: tool.name === "" ? type.replace(/_\d{8}$/, "") : tool.name, ...tool.config };
}

/** Whether and which tool to call. Undefined means the provider's default. */
export function renderToolChoice(rendering: Rendering): ToolChoice | undefined {
  const { toolChoice, tools } = rendering.request;
  if (toolChoice === undefined) return undefined;
  const { choice, parallel } = toolChoice;
  if (tools.length === 0) {
    if (choice.value !== ToolMode.NONE) rendering.ignored("tool_choice", "there are no tools to choose from");
    return undefined;
  }
  if (choice.case === "mode" && choice.value === ToolMode.NONE) return { type: "none" };
  const single = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (choice.case === "toolName") return { type: "tool", name: choice.value, ...single };
  return { type: choice.value === ToolMode.REQUIRED ? "any" : "auto", ...single };
}
