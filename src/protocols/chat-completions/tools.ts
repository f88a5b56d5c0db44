import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest, JsonSchemaFormat, ResponseFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type FunctionTool, type ProviderTool, type ToolChoice, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { ownToolOf } from "../own-tool.ts";
import type { Rendering } from "../rendering.ts";
import { sortKeys } from "../sort-keys.ts";
import { parseObject } from "./json-text.ts";
import type { LossReport } from "./loss-report.ts";
import type { ChatBody, ChatFormat, ChatTool } from "./wire.ts";

/** The tools of a request and how to choose among them; nothing where there are none, because OpenAI refuses that. */
export function renderTools(
  request: CompleteRequest,
  losses: LossReport,
): Pick<ChatBody, "tools" | "tool_choice" | "parallel_tool_calls"> {
  const { tools, toolChoice } = request;
  if (tools.length === 0) {
    if (toolChoice !== undefined) losses.warn("SETTING_IGNORED", "tool_choice", "there are no tools to choose from");
    return {};
  }
  const choice = toolChoice === undefined ? undefined : renderChoice(toolChoice);
  return {
    tools: tools.map(({ kind, providerOptions }, index) => {
      const path = `tools[${index}]`;
      if (kind.case === "function") {
        return { ...renderFunction(kind.value, `${path}.function`, losses), ...losses.options(providerOptions) };
      }
      if (kind.case === "providerTool") return renderProviderTool(kind.value, `${path}.provider_tool`, losses);
      throw losses.invalid(path, "names no kind of tool that is known here");
    }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(toolChoice?.parallel === undefined ? {} : { parallel_tool_calls: toolChoice.parallel }),
  };
}

/** The form of the answer; undefined for free text. A schema without a name is called "response". */
export function renderFormat({ format }: ResponseFormat, losses: LossReport): ChatFormat | undefined {
  if (format.case === "jsonObject") return { type: "json_object" };
  if (format.case !== "jsonSchema") return undefined;
  const { name, description, strict } = format.value;
  return {
    type: "json_schema",
    json_schema: {
      name: name === "" ? "response" : name,
      ...(description === "" ? {} : { description }),
      schema: renderSchema(format.value, losses),
      ...(strict === undefined ? {} : { strict }),
    },
  };
}

function renderSchema({ definition }: JsonSchemaFormat, losses: LossReport) {
  const field = "response_format.json_schema";
  if (definition.case === "schema") return sortKeys(definition.value);
  if (definition.case === "schemaJson") return parseObject(definition.value, `${field}.schema_json`, losses);
  throw losses.invalid(field, "has no schema");
}

function renderFunction(tool: FunctionTool, path: string, losses: LossReport): ChatTool {
  const { name, description, strict } = tool;
  return {
    type: "function",
    function: {
      name,
      ...(description === "" ? {} : { description }),
      parameters: renderParameters(tool, path, losses),
      ...(strict === undefined ? {} : { strict }),
    },
  };
}

/** The JSON Schema of a function's arguments, completed by what servers want it to say. */
export function renderParameters({ inputSchema }: FunctionTool, path: string, losses: Rendering): JsonObject {
  if (inputSchema.case === "parameters") return completed(sortKeys(inputSchema.value));
  if (inputSchema.case === "parametersJson") {
    return completed(parseObject(inputSchema.value, `${path}.parameters_json`, losses));
  }
  return { type: "object", properties: {}, additionalProperties: false };
}

/** Servers refuse parameters that do not say they are an object and of what. */
function completed(schema: JsonObject): JsonObject {
  return {
    ...schema,
    ...(schema["type"] === undefined ? { type: "object" } : {}),
    ...(schema["properties"] === undefined ? { properties: {} } : {}),
  };
}

/** A tool that the provider itself defines. Throws CAPABILITY_UNSUPPORTED for one of another provider. */
export function renderProviderTool(tool: ProviderTool, path: string, losses: Rendering) {
  const { name, config } = tool;
  return { type: ownToolOf(tool, path, losses), ...(name === "" ? {} : { name }), ...config };
}

function renderChoice({ choice }: ToolChoice): ChatBody["tool_choice"] {
  if (choice.case === "toolName") return { type: "function", function: { name: choice.value } };
  if (choice.value === ToolMode.AUTO) return "auto";
  if (choice.value === ToolMode.NONE) return "none";
  return choice.value === ToolMode.REQUIRED ? "required" : undefined;
}
