import type { JsonObject } from "@bufbuild/protobuf";
import type { ResponseFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type FunctionTool, type Tool, type ToolChoice, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { family } from "../../protocols/chat-completions/wire.ts";
import { placeIn } from "../body.ts";
import type { JsonBody } from "../route.ts";
import type { ChatBody } from "./schema.ts";

type GivenTool = NonNullable<ChatBody["tools"]>[number];

const modes = { none: ToolMode.NONE, auto: ToolMode.AUTO, required: ToolMode.REQUIRED } as const;

/** Functions, and the tools that OpenAI itself defines, as far as the choice allows them. Schemas stay text: order of keys and digits of numbers matter. */
export function toolsOf({ tools, tool_choice: choice }: ChatBody, exact: JsonBody["exact"]): Tool[] {
  return (tools ?? []).flatMap((tool, index) => {
    if (!isAllowed(tool, choice)) return [];
    const kind: Tool["kind"] = isFunction(tool)
      ? {
          case: "function",
          value: functionOf(tool.function, placeIn(exact(), ["tools", index, "function", "parameters"])),
        }
      : { case: "providerTool", value: ownTool(tool) };
    return [{ $typeName: "llmhub.v1.Tool", kind, providerOptions: {} }];
  });
}

/** Undefined: the body leaves both to the provider. */
export function choiceOf(
  choice: ChatBody["tool_choice"],
  parallel: ChatBody["parallel_tool_calls"],
): ToolChoice | undefined {
  const isGiven = choice !== undefined && choice !== null;
  if (!isGiven && typeof parallel !== "boolean") return undefined;
  const made: ToolChoice = { $typeName: "llmhub.v1.ToolChoice", choice: chosen(isGiven ? choice : "auto") };
  if (typeof parallel === "boolean") made.parallel = parallel;
  return made;
}

function chosen(choice: NonNullable<ChatBody["tool_choice"]>): ToolChoice["choice"] {
  if (typeof choice === "string") return { case: "mode", value: modes[choice] };
  if (choice.type === "allowed_tools") return { case: "mode", value: modes[choice.allowed_tools.mode] };
  return { case: "toolName", value: choice.function.name };
}

function isAllowed(tool: GivenTool, choice: ChatBody["tool_choice"]): boolean {
  if (typeof choice !== "object" || choice?.type !== "allowed_tools") return true;
  return choice.allowed_tools.tools.some(
    (allowed) => allowed.type === tool.type && (!isFunction(tool) || allowed.function?.name === tool.function.name),
  );
}

/** The form of the answer. */
export function formatOf(format: NonNullable<ChatBody["response_format"]>, exact: JsonBody["exact"]): ResponseFormat {
  switch (format.type) {
    case "text":
      return formed({ case: "text", value: { $typeName: "llmhub.v1.TextFormat" } });
    case "json_object":
      return formed({ case: "jsonObject", value: { $typeName: "llmhub.v1.JsonObjectFormat" } });
    case "json_schema": {
      const { name, description, strict } = format.json_schema;
      const schema = placeIn(exact(), ["response_format", "json_schema", "schema"]);
      return schemaFormat({ name, description, strict }, schema);
    }
  }
}

/** What OpenAI's APIs say of something beside its schema. */
interface Described {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly strict?: boolean | null | undefined;
}

/** JSON by a schema, which stays text; undefined is the schema of anything. */
export function schemaFormat({ name, description, strict }: Described, schema: unknown): ResponseFormat {
  return formed({
    case: "jsonSchema",
    value: {
      $typeName: "llmhub.v1.JsonSchemaFormat",
      name,
      description: description ?? "",
      definition: { case: "schemaJson", value: JSON.stringify(schema ?? {}) },
      ...(typeof strict === "boolean" ? { strict } : {}),
    },
  });
}

function formed(format: ResponseFormat["format"]): ResponseFormat {
  return { $typeName: "llmhub.v1.ResponseFormat", format };
}

function isFunction(tool: GivenTool): tool is Extract<GivenTool, { function: unknown }> {
  return tool.type === "function";
}

/** A function; its parameters stay text. */
export function functionOf({ name, description, strict }: Described, parameters: unknown): FunctionTool {
  return {
    $typeName: "llmhub.v1.FunctionTool",
    name,
    description: description ?? "",
    inputSchema:
      parameters === undefined || parameters === null
        ? { case: undefined }
        : { case: "parametersJson", value: JSON.stringify(parameters) },
    ...(typeof strict === "boolean" ? { strict } : {}),
  };
}

function ownTool({ type, ...config }: GivenTool) {
  const id = `${family}.${type}`;
  return { $typeName: "llmhub.v1.ProviderTool", id, name: "", config: config as JsonObject } as const;
}
