import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ResponseFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type FunctionTool, type ProviderTool, type Tool, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { renderParameters, renderProviderTool } from "../chat-completions/tools.ts";
import { schemaOf } from "../schema.ts";
import type { Rendering } from "./rendering.ts";
import type { ResponsesBody } from "./wire.ts";

/** The tools of a request and how to choose among them; nothing where there are none. */
export function renderTools(
  rendering: Rendering,
): Pick<ResponsesBody, "tools" | "tool_choice" | "parallel_tool_calls"> {
  const { tools, toolChoice } = rendering.request;
  if (tools.length === 0) {
    if (toolChoice !== undefined) rendering.ignored("tool_choice", "there are no tools to choose from");
    return {};
  }
  const choice = renderChoice(rendering);
  return {
    tools: tools.map(({ kind, providerOptions }, index) => {
      const path = `tools[${index}]`;
      if (kind.case === "function") {
        return { ...renderFunction(kind.value, `${path}.function`, rendering), ...rendering.options(providerOptions) };
      }
      if (kind.case === "providerTool") return renderProviderTool(kind.value, `${path}.provider_tool`, rendering);
      throw rendering.invalid(path, "names no kind of tool that is known here");
    }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(toolChoice?.parallel === undefined ? {} : { parallel_tool_calls: toolChoice.parallel }),
  };
}

/** The form of the answer; undefined for free text. A schema without a name is called "response". */
export function renderFormat({ format }: ResponseFormat, rendering: Rendering): JsonObject | undefined {
  if (format.case === "jsonObject") return { type: "json_object" };
  if (format.case !== "jsonSchema") return undefined;
  const { name, description, strict, definition } = format.value;
  const field = "response_format.json_schema";
  const schema = schemaOf(definition, `${field}.schema_json`, rendering);
  if (schema === undefined) throw rendering.invalid(field, "has no schema");
  return {
    type: "json_schema",
    name: name === "" ? "response" : name,
    ...(description === "" ? {} : { description }),
    schema,
    ...(strict === undefined ? {} : { strict }),
  };
}

/** Says that a function is not strict where the caller does not say: this dialect, unlike its elder, takes it for strict then. */
function renderFunction(tool: FunctionTool, path: string, rendering: Rendering): JsonObject {
  const { name, description, strict = false } = tool;
  return {
    type: "function",
    name,
    ...(description === "" ? {} : { description }),
    parameters: renderParameters(tool, path, rendering),
    strict,
  };
}

function renderChoice({ request }: Rendering): JsonValue | undefined {
  const choice = request.toolChoice?.choice;
  if (choice?.case === "toolName") return namedTool(choice.value, request.tools);
  if (choice?.value === ToolMode.AUTO) return "auto";
  if (choice?.value === ToolMode.NONE) return "none";
  return choice?.value === ToolMode.REQUIRED ? "required" : undefined;
}

/** A tool of the server's own is chosen by its type. */
function namedTool(name: string, tools: readonly Tool[]): JsonValue {
  const own = tools.find(({ kind }) => kind.case === "providerTool" && nameOf(kind.value) === name);
  if (own?.kind.case !== "providerTool") return { type: "function", name };
  const type = typeOf(own.kind.value);
  return type === "custom" ? { type, name } : { type };
}

function nameOf(tool: ProviderTool): string {
  return tool.name === "" ? typeOf(tool) : tool.name;
}

function typeOf({ id }: ProviderTool): string {
  return id.slice(id.indexOf(".") + 1);
}
