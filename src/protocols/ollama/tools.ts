import { type FunctionTool, type ToolChoice, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import type { Rendering } from "../rendering.ts";
import { schemaOf } from "../schema.ts";
import type { OllamaBody, OllamaTool } from "./wire.ts";

/**
 * The tools of a request. The model alone decides whether to call one: that none is to be called is said by offering none;
 * that one must be is CAPABILITY_UNSUPPORTED.
 */
export function renderTools(rendering: Rendering): Pick<OllamaBody, "tools"> {
  const { tools, toolChoice } = rendering.request;
  if (tools.length === 0) {
    if (toolChoice !== undefined && toolChoice.choice.value !== ToolMode.NONE) {
      rendering.ignored("tool_choice", "there are no tools to choose from");
    }
    return {};
  }
  if (toolChoice !== undefined && isNone(toolChoice, rendering)) {
    rendering.changed("tools", "tools are not offered, so that none is called");
    return {};
  }
  return {
    tools: tools.map(({ kind, providerOptions }, index) => {
      rendering.unread(providerOptions);
      const path = `tools[${index}]`;
      if (kind.case === "function") return renderFunction(kind.value, `${path}.function`, rendering);
      throw rendering.unsupported(`${path}.provider_tool`, "provider_tool", "the target has no tools of its own");
    }),
  };
}

function isNone({ choice, parallel }: ToolChoice, rendering: Rendering): boolean {
  if (choice.value === ToolMode.NONE) return true;
  if (choice.case === "toolName" || choice.value === ToolMode.REQUIRED) {
    throw rendering.unsupported("tool_choice", "tool_choice", "a tool call cannot be demanded of the target");
  }
  if (parallel === false) rendering.ignored("tool_choice.parallel", "the number of tool calls cannot be limited");
  return false;
}

function renderFunction(tool: FunctionTool, path: string, rendering: Rendering): OllamaTool {
  const { name, description, inputSchema, strict } = tool;
  if (strict) rendering.ignored(`${path}.strict`, "the model is not held to the schema of a tool");
  const schema = schemaOf(inputSchema, `${path}.parameters_json`, rendering);
  return {
    type: "function",
    function: {
      name,
      ...(description === "" ? {} : { description }),
      parameters: { type: "object", properties: {}, ...schema },
    },
  };
}
