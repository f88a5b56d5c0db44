import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import { parseExactObject } from "../../protocols/field.ts";
import { stopReasonOf } from "../../protocols/messages/stop-reason.ts";
import { seal } from "../seal.ts";
import type { Citations } from "./citations.ts";

/** A block of an answer. */
export type Block = JsonObject & { readonly type: string };

/** Types of blocks that clients of the API know, whoever made them. Those that parts of the hub become are not among them. */
const blockTypes: ReadonlySet<string> = new Set([
  "bash_code_execution_tool_result",
  "code_execution_tool_result",
  "compaction",
  "container_upload",
  "mcp_tool_result",
  "mcp_tool_use",
  "server_tool_use",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result",
  "web_fetch_tool_result",
  "web_search_tool_result",
]);

/** The whole answer. */
export function messageOf(response: CompleteResponse, citations: Citations): object {
  const { id, message, finishReason, stopSequence, routing, usage } = response;
  return {
    id,
    type: "message",
    role: "assistant",
    model: routing?.model ?? "",
    content: (message?.content ?? []).flatMap((part) => blocksOf(part, citations)),
    stop_reason: stopReasonOf(finishReason),
    stop_sequence: stopSequence === "" ? null : stopSequence,
    usage: usageOf(usage),
  };
}

/** Tokens as this API counts them: those of the prompt cache stand beside the input, not in it. */
export function usageOf(usage: Usage | undefined): JsonObject {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage ?? {};
  const tier = usage?.serviceTier ?? "";
  return {
    input_tokens: Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cacheReadTokens,
    output_tokens: outputTokens,
    ...(tier === "" ? {} : { service_tier: tier }),
  };
}

/** The blocks of one part: none for what this API has no form for, two for a call with a signature of its own. */
export function blocksOf(content: ContentPart, citations: Citations): Block[] {
  const { part, signature } = content;
  switch (part.case) {
    case "text":
    case "refusal":
      return part.value === ""
        ? []
        : [
            textBlock(
              part.value,
              content.citations.flatMap((citation) => citations.locationsOf(citation)),
            ),
          ];
    case "toolCall": {
      if (part.value.providerExecuted) return [];
      const { id, name, argumentsJson } = part.value;
      const call = { type: "tool_use", id, name, input: inputOf(argumentsJson) };
      return signature === undefined ? [call] : [call, signatureBlock(content, id)];
    }
    case "reasoning":
      return [thoughtBlock(content)];
    case "providerPart": {
      const block = blockTypes.has(part.value.kind) ? parseExactObject(part.value.json) : undefined;
      return [block === undefined ? sealedBlock(content) : { ...block, type: part.value.kind }];
    }
    default:
      return [];
  }
}

/** Reasoning: readable with its signature, or encrypted. */
function thoughtBlock({ part, signature }: ContentPart): Block {
  if (part.case !== "reasoning") throw new Error("a part that is no reasoning");
  const { text, encryptedContent: encrypted, summary } = part.value;
  const sealed = seal({ signature, encrypted, summary });
  if (text === "" && encrypted !== "") return { type: "redacted_thinking", data: sealed };
  return { type: "thinking", thinking: text, signature: signature === undefined && encrypted === "" ? "" : sealed };
}

/** A block that brings back the signature of a call: blocks of calls have no field for it. */
export function signatureBlock({ signature }: Pick<ContentPart, "signature">, callId: string): Block {
  return { type: "thinking", thinking: "", signature: seal({ signature, callId }) };
}

/** A part of a provider's own that clients of this API do not know, for the way back; only texts are cited for. */
function sealedBlock(part: ContentPart): Block {
  return { type: "redacted_thinking", data: seal({ part: { ...part, citations: [] } }) };
}

/** Arguments that are no JSON object stand in a field of their own: the API has objects only. */
function inputOf(argumentsJson: string): JsonObject {
  if (argumentsJson === "") return {};
  return parseExactObject(argumentsJson) ?? { arguments: argumentsJson };
}

function textBlock(text: string, citations: JsonObject[]): Block {
  return { type: "text", text, ...(citations.length === 0 ? {} : { citations }) };
}
