import type { JsonObject } from "@bufbuild/protobuf";
import type { ResponseFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type Tool, type ToolChoice, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { family } from "../../protocols/responses/wire.ts";
import { invalidField, isGiven, placeIn } from "../body.ts";
import { functionOf, schemaFormat } from "../chat/tools.ts";
import type { JsonBody } from "../route.ts";
import type { ResponsesBody } from "./schema.ts";

type GivenTool = NonNullable<ResponsesBody["tools"]>[number];
type GivenFunction = Extract<GivenTool, { parameters?: unknown; strict?: unknown }>;
type GivenChoice = NonNullable<ResponsesBody["tool_choice"]>;

const modes = { none: ToolMode.NONE, auto: ToolMode.AUTO, required: ToolMode.REQUIRED } as const;

/** Functions, and the tools that OpenAI itself defines, as far as the choice allows them. */
export function toolsOf({ tools, tool_choice: choice }: ResponsesBody, exact: JsonBody["exact"]): Tool[] {
  return (tools ?? []).flatMap((tool, index) => {
    if (!isAllowed(tool, choice)) return [];
    const kind: Tool["kind"] = isFunction(tool)
      ? { case: "function", value: functionOf(tool, placeIn(exact(), ["tools", index, "parameters"])) }
      : { case: "providerTool", value: ownTool(tool) };
    return [{ $typeName: "llmhub.v1.Tool", kind, providerOptions: {} }];
  });
}

/** Undefined: the body leaves both to the provider. */
export function choiceOf({ tool_choice, parallel_tool_calls: parallel, tools }: ResponsesBody): ToolChoice | undefined {
  // Clients send both with every request, also where there are no tools.
  if (!isGiven(tools) || tools.length === 0) return isGiven(tool_choice) ? withoutTools(tool_choice) : undefined;
  if (!isGiven(tool_choice) && !isGiven(parallel)) return undefined;
  const made: ToolChoice = { $typeName: "llmhub.v1.ToolChoice", choice: chosen(tool_choice ?? "auto") };
  if (isGiven(parallel)) made.parallel = parallel;
  return made;
}

/** The form of the answer; undefined for free text. */
export function formatOf({ text }: ResponsesBody, exact: JsonBody["exact"]): ResponseFormat | undefined {
  const format = text?.format;
  switch (format?.type) {
    case "json_object":
      return {
        $typeName: "llmhub.v1.ResponseFormat",
        format: { case: "jsonObject", value: { $typeName: "llmhub.v1.JsonObjectFormat" } },
      };
    case "json_schema":
      return schemaFormat(format, placeIn(exact(), ["text", "format", "schema"]));
    default:
      return undefined;
  }
}

function withoutTools(choice: GivenChoice): undefined {
  if (choice === "auto" || choice === "none") return undefined;
  throw invalidField("tool_choice", "needs at least one entry in tools");
}

function chosen(choice: GivenChoice): ToolChoice["choice"] {
  if (typeof choice === "string") return { case: "mode", value: modes[choice] };
  if (isAllowance(choice)) return { case: "mode", value: modes[choice.mode] };
  return { case: "toolName", value: nameOf(choice) };
}

type Allowance = Extract<GivenChoice, { mode: unknown }>;

function isAllowance(choice: GivenChoice): choice is Allowance {
  return typeof choice === "object" && choice.type === "allowed_tools";
}

function isAllowed(tool: GivenTool, choice: ResponsesBody["tool_choice"]): boolean {
  if (!isGiven(choice) || !isAllowance(choice)) return true;
  return choice.tools.some((allowed) => allowed.type === tool.type && nameOf(allowed) === nameOf(tool));
}

/** The name under which a tool is chosen: its own, a server's, or its type. */
function nameOf(tool: GivenTool | Allowance["tools"][number]): string {
  const server: unknown = "server_label" in tool ? tool["server_label"] : undefined;
  return typeof server === "string" ? server : (tool.name ?? tool.type);
}

function isFunction(tool: GivenTool): tool is GivenFunction {
  return tool.type === "function";
}

/** Names stay in the settings, too: they are the tool's own field. */
function ownTool(tool: GivenTool) {
  const { type, ...config } = tool;
  const name = nameOf(tool);
  return {
    $typeName: "llmhub.v1.ProviderTool",
    id: `${family}.${type}`,
    name: name === type ? "" : name,
    config: config as JsonObject,
  } as const;
}
