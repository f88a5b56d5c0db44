import { type FunctionTool, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import type { Rendering } from "../rendering.ts";
import { schemaOf } from "../schema.ts";
import type { CohereBody, CohereTool } from "./wire.ts";

/** The tools of a request and how to choose among them. */
export function renderTools(rendering: Rendering): Pick<CohereBody, "tools" | "tool_choice" | "strict_tools"> {
  const { tools, toolChoice } = rendering.request;
  if (tools.length === 0) {
    if (toolChoice !== undefined && toolChoice.choice.value !== ToolMode.NONE) {
      rendering.ignored("tool_choice", "there are no tools to choose from");
    }
    return {};
  }
  const functions = tools.map(({ kind, providerOptions }, index) => {
    rendering.unread(providerOptions);
    const path = `tools[${index}]`;
    if (kind.case === "function") return { tool: kind.value, path: `${path}.function` };
    throw rendering.unsupported(`${path}.provider_tool`, "provider_tool", "the target has no tools of its own");
  });
  if (toolChoice?.parallel === false) {
    rendering.ignored("tool_choice.parallel", "the number of tool calls cannot be limited");
  }
  return {
    ...strictnessOf(functions, rendering),
    ...chosen(
      functions.map(({ tool, path }) => renderFunction(tool, path, rendering)),
      rendering,
    ),
  };
}

/** One tool that must be called is offered alone: only that some tool is called can be demanded. */
function chosen(tools: readonly CohereTool[], rendering: Rendering): Pick<CohereBody, "tools" | "tool_choice"> {
  const choice = rendering.request.toolChoice?.choice;
  if (choice?.case === "toolName") {
    const named = tools.filter(({ function: { name } }) => name === choice.value);
    if (named.length === 0) throw rendering.invalid("tool_choice.tool_name", "must be the name of one of tools");
    if (named.length < tools.length) rendering.changed("tools", "the tool that must be called is offered alone");
    return { tools: named, tool_choice: "REQUIRED" };
  }
  if (choice?.value === ToolMode.NONE) return { tools, tool_choice: "NONE" };
  return choice?.value === ToolMode.REQUIRED ? { tools, tool_choice: "REQUIRED" } : { tools };
}

type Function = { readonly tool: FunctionTool; readonly path: string };

/** The API holds the model to the schemas of all tools or of none. */
function strictnessOf(functions: readonly Function[], rendering: Rendering): Pick<CohereBody, "strict_tools"> {
  if (!functions.some(({ tool }) => tool.strict)) return {};
  const loose = functions.find(({ tool }) => !tool.strict);
  if (loose !== undefined) rendering.changed(`${loose.path}.strict`, "the model is held to the schemas of all tools");
  return { strict_tools: true };
}

function renderFunction(tool: FunctionTool, path: string, rendering: Rendering): CohereTool {
  const { name, description, inputSchema } = tool;
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
