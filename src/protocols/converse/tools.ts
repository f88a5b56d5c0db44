import { type FunctionTool, type ProviderTool, type ToolChoice, ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import { objectOf } from "../field.ts";
import { ownToolOf } from "../own-tool.ts";
import { schemaOf } from "../schema.ts";
import { type CachePoints, type Slot, withPoints } from "./cache-points.ts";
import type { Rendering } from "./rendering.ts";
import type { Block, Message, ToolConfig } from "./wire.ts";

/** Most tools that a conversation names and the request does not. */
const namedMax = 512;

/** The tool definitions of a request. Throws for tools that other providers define. */
export function renderTools(points: CachePoints, rendering: Rendering): Slot[] {
  return rendering.request.tools.flatMap(({ kind, cacheHint, providerOptions }, index) => {
    rendering.unread(providerOptions);
    const path = `tools[${index}]`;
    if (kind.case === undefined) return [];
    const tool =
      kind.case === "function"
        ? functionTool(kind.value, `${path}.function`, rendering)
        : systemTool(kind.value, `${path}.provider_tool`, rendering);
    return [points.slot(tool, cacheHint, path)];
  });
}

function functionTool(tool: FunctionTool, path: string, rendering: Rendering): Block {
  const { name, description, inputSchema, strict } = tool;
  const schema = schemaOf(inputSchema, `${path}.parameters_json`, rendering);
  return {
    toolSpec: {
      name,
      ...(description === "" ? {} : { description }),
      inputSchema: { json: schema === undefined ? { type: "object", properties: {} } : { type: "object", ...schema } },
      ...(strict === undefined ? {} : { strict }),
    },
  };
}

function systemTool(tool: ProviderTool, path: string, rendering: Rendering): Block {
  const name = ownToolOf(tool, path, rendering);
  if (Object.keys(tool.config ?? {}).length > 0) rendering.ignored(`${path}.config`, "system tools have no settings");
  return { systemTool: { name } };
}

/**
 * The tools that are sent, and which must be called; undefined where no tool plays a part. `answerTool` is the one by
 * which the model answers.
 */
export function renderToolConfig(
  slots: readonly Slot[],
  answerTool: Block | undefined,
  messages: readonly Message[],
  rendering: Rendering,
): ToolConfig | undefined {
  const { toolChoice } = rendering.request;
  const named = namedIn(messages);
  const isNone = toolChoice?.choice.value === ToolMode.NONE;
  const given = isNone && named.length === 0 ? [] : withPoints(slots);
  if (isNone && given.length === 0 && slots.length > 0) {
    rendering.ignored("tools", "tools that may not be called are not sent");
  }
  if (isNone && given.length > 0) {
    rendering.changed("tool_choice", "tools cannot be forbidden after they were called; the model may call them");
  }
  if (given.length === 0 && named.length > 0) {
    rendering.changed("tools", "the conversation has calls of tools, so these are defined, without parameters");
    given.push(...named.map(unknownTool));
  }
  if (answerTool !== undefined) {
    const [only] = given;
    const name = objectOf(answerTool["toolSpec"])?.["name"];
    return { tools: [...given, answerTool], toolChoice: only === undefined ? { tool: { name } } : { any: {} } };
  }
  if (given.length === 0) {
    if (toolChoice !== undefined && !isNone) rendering.ignored("tool_choice", "there are no tools to choose from");
    return undefined;
  }
  const choice = toolChoice === undefined ? undefined : choiceOf(toolChoice, rendering);
  return { tools: given, ...(choice === undefined ? {} : { toolChoice: choice }) };
}

/** Names of the tools that were called, which the API wants defined whenever there are calls. */
function namedIn(messages: readonly Message[]): string[] {
  const calls = messages.flatMap(({ content }) => content.map((block) => objectOf(block["toolUse"])?.["name"]));
  const names = calls.filter((name) => typeof name === "string");
  return [...new Set(names)].slice(0, namedMax);
}

function unknownTool(name: string): Block {
  return { toolSpec: { name, inputSchema: { json: { type: "object" } } } };
}

/** The default is not said: some models refuse every choice. */
function choiceOf({ choice, parallel }: ToolChoice, rendering: Rendering): Block | undefined {
  if (parallel === false) rendering.ignored("tool_choice.parallel", "several calls at once cannot be forbidden");
  if (choice.case !== "toolName") return choice.value === ToolMode.REQUIRED ? { any: {} } : undefined;
  const isKnown = rendering.request.tools.some(({ kind }) =>
    kind.case === "providerTool" ? kind.value.id.endsWith(`.${choice.value}`) : kind.value?.name === choice.value,
  );
  if (!isKnown) throw rendering.invalid("tool_choice.tool_name", "must be the name of one of tools");
  return { tool: { name: choice.value } };
}
