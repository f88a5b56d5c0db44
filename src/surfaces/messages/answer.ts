import type { JsonObject } from "@bufbuild/protobuf";
import type { CompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Citation, ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import { parseExactObject } from "../../protocols/field.ts";
import { stopReasonOf } from "../../protocols/messages/stop-reason.ts";
import { seal } from "../seal.ts";

/** A block of an answer. */
export type Block = JsonObject & { readonly type: string };

/** The whole answer. */
export function messageOf(response: CompleteResponse): object {
  const { id, message, finishReason, stopSequence, routing, usage } = response;
  return {
    id,
    type: "message",
    role: "assistant",
    model: routing?.model ?? "",
    content: (message?.content ?? []).flatMap(blocksOf),
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
export function blocksOf(content: ContentPart): Block[] {
  const { part, signature } = content;
  switch (part.case) {
    case "text":
    case "refusal":
      return part.value === "" ? [] : [textBlock(part.value, content.citations)];
    case "toolCall": {
      if (part.value.providerExecuted) return [];
      const { id, name, argumentsJson } = part.value;
      const call = { type: "tool_use", id, name, input: inputOf(argumentsJson) };
      return signature === undefined ? [call] : [call, signatureBlock(content, id)];
    }
    case "reasoning":
      return [thoughtBlock(content)];
    case "providerPart": {
      const block = parseExactObject(part.value.json);
      return block === undefined ? [] : [{ ...block, type: part.value.kind }];
    }
    default:
      return [];
  }
}

/** Where a text comes from, as far as it is on the web. */
export function citationOf({ source, title, citedText }: Citation): JsonObject[] {
  if (source.case !== "uri") return [];
  return [{ type: "web_search_result_location", url: source.value, title, cited_text: citedText, encrypted_index: "" }];
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

/** Arguments that are no JSON object stand in a field of their own: the API has objects only. */
function inputOf(argumentsJson: string): JsonObject {
  if (argumentsJson === "") return {};
  return parseExactObject(argumentsJson) ?? { arguments: argumentsJson };
}

function textBlock(text: string, citations: readonly Citation[]): Block {
  const found = citations.flatMap(citationOf);
  return { type: "text", text, ...(found.length === 0 ? {} : { citations: found }) };
}
