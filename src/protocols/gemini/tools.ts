import {
  type FunctionTool,
  type ProviderTool,
  type Tool as ToolGiven,
  ToolMode,
} from "../../../gen/llmhub/v1/tool_pb.ts";
import { ownToolOf } from "../own-tool.ts";
import { schemaOf } from "../schema.ts";
import { warnCacheHint } from "./parts.ts";
import type { Rendering } from "./rendering.ts";
import { warnUnenforced } from "./schema-keywords.ts";
import type { FunctionDeclaration, Prompt, Tool, ToolConfig } from "./wire.ts";

/** The tools of a request and how to choose among them. Throws for tools that other providers define. */
export function renderTools(rendering: Rendering): Pick<Prompt, "tools" | "toolConfig"> {
  const declarations: FunctionDeclaration[] = [];
  const own: Tool[] = [];
  for (const [index, { kind, cacheHint, providerOptions }] of rendering.request.tools.entries()) {
    rendering.unread(providerOptions);
    const path = `tools[${index}]`;
    if (cacheHint !== undefined) warnCacheHint(path, rendering);
    if (kind.case === "function") declarations.push(declare(kind.value, `${path}.function`, rendering));
    else if (kind.case === "providerTool") own.push(providerTool(kind.value, `${path}.provider_tool`, rendering));
  }
  const tools: Tool[] = [...(declarations.length === 0 ? [] : [{ functionDeclarations: declarations }]), ...own];
  const toolConfig = renderChoice(declarations, rendering);
  return { ...(tools.length === 0 ? {} : { tools }), ...(toolConfig === undefined ? {} : { toolConfig }) };
}

function declare(tool: FunctionTool, path: string, rendering: Rendering): FunctionDeclaration {
  const { name, description, inputSchema, strict } = tool;
  const schema = schemaOf(inputSchema, `${path}.parameters_json`, rendering);
  if (strict && schema !== undefined) warnUnenforced(schema, `${path}.parameters`, rendering);
  return {
    name,
    ...(description === "" ? {} : { description }),
    ...(schema === undefined ? {} : { parametersJsonSchema: { type: "object", ...schema } }),
  };
}

/** "google.google_search" and "google.googleSearch" are the field googleSearch. */
function providerTool(tool: ProviderTool, path: string, rendering: Rendering): Tool {
  const name = ownToolOf(tool, path, rendering).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { [name]: tool.config ?? {} };
}

function renderChoice(declared: readonly FunctionDeclaration[], rendering: Rendering): ToolConfig | undefined {
  const { toolChoice, tools } = rendering.request;
  const isStrict = tools.some(isStrictFunction);
  const free = isStrict ? ({ functionCallingConfig: { mode: "VALIDATED" } } as const) : undefined;
  if (toolChoice === undefined) return free;
  const { choice, parallel } = toolChoice;
  if (parallel === false) rendering.ignored("tool_choice.parallel", "the model cannot be kept from several calls");
  if (declared.length === 0) {
    if (choice.value === ToolMode.NONE) return undefined;
    rendering.ignored("tool_choice", "there are no functions to choose from");
    return undefined;
  }
  if (choice.case === "toolName") {
    if (!declared.some(({ name }) => name === choice.value)) {
      throw rendering.unsupported("tool_choice.tool_name", "tool_choice", "only a function can be demanded");
    }
    return { functionCallingConfig: { mode: "ANY", allowedFunctionNames: [choice.value] } };
  }
  if (choice.value === ToolMode.REQUIRED) return { functionCallingConfig: { mode: "ANY" } };
  if (choice.value === ToolMode.NONE) return { functionCallingConfig: { mode: "NONE" } };
  return free ?? { functionCallingConfig: { mode: "AUTO" } };
}

function isStrictFunction({ kind }: ToolGiven): boolean {
  return kind.case === "function" && kind.value.strict === true;
}
