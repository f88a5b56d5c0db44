import type { JsonObject } from "@bufbuild/protobuf";
import { type Tool, type ToolChoice, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { family } from "../../protocols/messages/wire.ts";
import { otherFields } from "../body.ts";
import { marked } from "../cache-mark.ts";
import { customFields, type PromptBody } from "./schema.ts";

type GivenTool = NonNullable<PromptBody["tools"]>[number];
type CustomTool = Extract<GivenTool, { input_schema: unknown }>;

const modes = { any: ToolMode.REQUIRED, auto: ToolMode.AUTO, none: ToolMode.NONE } as const;

/** Functions of the caller, and the tools that Anthropic defines. Schemas stay text. */
export function toolsOf(
  tools: readonly GivenTool[],
  exact: (...path: readonly (string | number)[]) => unknown,
): Tool[] {
  return tools.map((tool, index) => ({
    $typeName: "llmhub.v1.Tool",
    kind: isCustom(tool)
      ? functionOf(tool, JSON.stringify(exact("tools", index, "input_schema")))
      : { case: "providerTool", value: ownTool(tool) },
    ...marked(tool.cache_control),
    providerOptions: isCustom(tool) ? extrasOf(tool as JsonObject) : {},
  }));
}

/** What a function says besides, for Anthropic's own models: when it is loaded, examples, who may call it. */
function extrasOf(tool: JsonObject): Record<string, JsonObject> {
  const extras = otherFields(tool, customFields);
  return extras === undefined ? {} : { [family]: extras };
}

/** Undefined: the body leaves it to the provider. */
export function choiceOf(given: PromptBody["tool_choice"]): ToolChoice | undefined {
  if (given === undefined || given === null) return undefined;
  const { type, name, disable_parallel_tool_use: single } = given;
  const choice: ToolChoice["choice"] =
    type === "tool" ? { case: "toolName", value: name ?? "" } : { case: "mode", value: modes[type] };
  const made: ToolChoice = { $typeName: "llmhub.v1.ToolChoice", choice };
  if (single === true) made.parallel = false;
  return made;
}

function isCustom(tool: GivenTool): tool is CustomTool {
  return tool.type === undefined || tool.type === null || tool.type === "custom";
}

function functionOf({ name, description, strict }: CustomTool, parametersJson: string): Tool["kind"] {
  return {
    case: "function",
    value: {
      $typeName: "llmhub.v1.FunctionTool",
      name,
      description: description ?? "",
      inputSchema: { case: "parametersJson", value: parametersJson },
      ...(typeof strict === "boolean" ? { strict } : {}),
    },
  };
}

function ownTool({ type, name, cache_control: _, ...config }: Exclude<GivenTool, CustomTool>) {
  const id = `${family}.${String(type)}`;
  return { $typeName: "llmhub.v1.ProviderTool", id, name: name ?? "", config: config as JsonObject } as const;
}
