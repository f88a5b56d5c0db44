import { type FunctionTool, type ProviderTool, type Tool, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { ownToolOf } from "../own-tool.ts";
import { schemaOf } from "../schema.ts";
import type { CacheMarks } from "./cache-marks.ts";
import type { Rendering } from "./rendering.ts";
import type { ToolChoice, ToolDefinition } from "./wire.ts";

/** The tool definitions of a request. Throws for tools that other providers define. */
export function renderTools(tools: readonly Tool[], marks: CacheMarks, rendering: Rendering): ToolDefinition[] {
  return tools.flatMap(({ kind, cacheHint, providerOptions }, index) => {
    const path = `tools[${index}]`;
    if (kind.case === undefined) return [];
    const tool =
      kind.case === "function"
        ? { ...functionTool(kind.value, `${path}.function`, rendering), ...rendering.options(providerOptions) }
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

function providerTool(tool: ProviderTool, path: string, rendering: Rendering): ToolDefinition {
  const type = ownToolOf(tool, path, rendering);
  const name = nameOf(tool);
  return { type, ...(name === undefined ? {} : { name }), ...tool.config };
}

function typeOf({ id }: ProviderTool): string {
  return id.slice(id.indexOf(".") + 1);
}

/** The name by which the model calls a tool of the provider; undefined for a set of tools, which has none. */
function nameOf(tool: ProviderTool): string | undefined {
  const type = typeOf(tool);
  if (type === "mcp_toolset") return undefined;
  if (tool.name !== "") return tool.name;
  const name = type.replace(/_\d{8}$/, "");
  if (name !== "text_editor") return name;
  return type < "text_editor_20250429" ? "str_replace_editor" : "str_replace_based_edit_tool";
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
  if (choice.case === "toolName") return { type: "tool", name: chosenName(choice.value, rendering), ...single };
  return { type: choice.value === ToolMode.REQUIRED ? "any" : "auto", ...single };
}

/** A tool of the provider may be chosen by its type, too. */
function chosenName(chosen: string, rendering: Rendering): string {
  for (const { kind } of rendering.request.tools) {
    if (kind.case === "function" && kind.value.name === chosen) return chosen;
    if (kind.case !== "providerTool") continue;
    const name = nameOf(kind.value);
    if (name !== undefined && (name === chosen || typeOf(kind.value) === chosen)) return name;
  }
  throw rendering.invalid("tool_choice.tool_name", "must be the name of one of tools");
}
