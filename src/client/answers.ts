import { Code } from "@connectrpc/connect";
import type { CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ToolInput } from "./completion-request.ts";
import { HubError } from "./hub-error.ts";

/** A tool that the model asks the caller to run. */
export interface AskedTool {
  /** For `toolResult`. */
  readonly id: string;
  readonly name: string;
  /** Parsed, and not checked against the tool's schema. */
  readonly arguments: unknown;
}

/** What a function that the caller runs looks like. */
export interface FunctionFacts {
  readonly name: string;
  /** What it does, for the model. */
  readonly description: string;
  /** JSON Schema of the arguments; absent: it takes none. */
  readonly parameters?: object;
  /** Constrain the model to the schema, where supported. */
  readonly strict?: boolean;
}

/** The text of an answer, of all its parts together. */
export function textOf({ message }: Pick<CompleteResponse, "message">): string {
  return (message?.content ?? []).map(({ part }) => (part.case === "text" ? part.value : "")).join("");
}

/** The JSON that an answer consists of. Throws INTERNAL, without quoting it, for what is none: the answer may be cut. */
export function jsonOf(response: Pick<CompleteResponse, "message">): unknown {
  return parsed(textOf(response), "the answer");
}

/** The tools that the caller is to run, in order. Throws INTERNAL for arguments that are no JSON. */
export function toolCallsOf({ message }: Pick<CompleteResponse, "message">): readonly AskedTool[] {
  return (message?.content ?? []).flatMap(({ part }) => {
    if (part.case !== "toolCall" || part.value.providerExecuted) return [];
    const { id, name, argumentsJson } = part.value;
    return [{ id, name, arguments: argumentsJson === "" ? {} : parsed(argumentsJson, `what ${name} is called with`) }];
  });
}

/** A function that the caller runs, as a tool. */
export function functionTool({ name, description, parameters, strict }: FunctionFacts): ToolInput {
  const value = {
    name,
    description,
    ...(parameters && { inputSchema: { case: "parametersJson", value: JSON.stringify(parameters) } as const }),
    ...(strict !== undefined && { strict }),
  };
  return { kind: { case: "function", value } };
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HubError(Code.Internal, `${what} is not JSON`);
  }
}
