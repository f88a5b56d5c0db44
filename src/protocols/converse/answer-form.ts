import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { schemaOf } from "../schema.ts";
import { baseModelOf } from "./model-id.ts";
import type { Rendering } from "./rendering.ts";
import type { Block } from "./wire.ts";

/**
 * Models without a schema for their answer that can be made to call a tool: those of Anthropic before 4.5, and Nova. AWS
 * lists which models have one, all others that call tools among them.
 */
const toolsOnly = /^(?:anthropic\.claude-(?:3-|(?:opus|sonnet)-4-(?:1-)?20\d{6})|amazon\.nova)/;

/** How the answer is to be given the form that is asked for. */
export interface AnswerForm {
  /** For `outputConfig`. */
  readonly textFormat?: Block;
  /** The tool whose arguments are the answer. */
  readonly tool?: Block;
}

/**
 * Name of the tool by whose arguments the model answers, where it can keep a schema in no other way. Undefined where the
 * answer is text, or where a call of one of the caller's tools is demanded.
 */
export function answerToolOf(
  { responseFormat, toolChoice, tools }: CompleteRequest,
  model: string,
): string | undefined {
  if (responseFormat?.format.case !== "jsonSchema" || !toolsOnly.test(baseModelOf(model))) return undefined;
  const choice = toolChoice?.choice;
  if (choice?.case === "toolName" || choice?.value === ToolMode.REQUIRED) return undefined;
  let name = "json_answer";
  while (tools.some(({ kind }) => kind.value?.name === name)) name += "_";
  return name;
}

/** The form of the answer, in the way the model has. */
export function renderForm(rendering: Rendering): AnswerForm {
  const { request, target } = rendering;
  const format = request.responseFormat?.format;
  if (format?.case === "jsonObject") {
    rendering.ignored("response_format.json_object", "JSON without a schema cannot be asked for; give a json_schema");
  }
  if (format?.case !== "jsonSchema") return {};
  const path = "response_format.json_schema";
  const { name, description, definition, strict } = format.value;
  const schema = schemaOf(definition, `${path}.schema_json`, rendering);
  if (schema === undefined) return {};
  const tool = answerToolOf(request, target.model);
  if (tool !== undefined) return { tool: answerTool(tool, schema, description, path, rendering) };
  if (toolsOnly.test(baseModelOf(target.model))) {
    rendering.ignored(path, "the model keeps a schema by calling a tool, and another call is demanded");
    return {};
  }
  if (strict === false) rendering.changed(`${path}.strict`, "a schema is always kept strictly");
  const jsonSchema = {
    schema: JSON.stringify(schema),
    ...(name === "" ? {} : { name }),
    ...(description === "" ? {} : { description }),
  };
  return { textFormat: { type: "json_schema", structure: { jsonSchema } } };
}

function answerTool(name: string, schema: JsonObject, given: string, path: string, rendering: Rendering): Block {
  const { type = "object" } = schema;
  if (type !== "object") {
    throw rendering.unsupported(path, "json_schema", "the model answers by arguments of a tool, which are an object");
  }
  const description = given || "Gives the answer. Call this tool to answer; its arguments are all that is read.";
  return { toolSpec: { name, description, inputSchema: { json: { ...schema, type } } } };
}
