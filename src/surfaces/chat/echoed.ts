import type { JsonObject } from "@bufbuild/protobuf";
import type { ContentPart, PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import { isObject } from "../../protocols/chat-completions/wire.ts";
import { partOf, reasoningOf } from "../parts.ts";

/**
 * What this API has no field for, and providers want back in the next turn: signed or encrypted reasoning, and signatures
 * of tool calls. It stands where clients that give messages back as they came keep it: `reasoning_details` of a message,
 * `extra_content` of a tool call.
 */
export interface ReasoningDetail {
  readonly type: "reasoning.text" | "reasoning.summary" | "reasoning.encrypted";
  readonly text?: string;
  readonly summary?: string;
  readonly data?: string;
  readonly signature?: string;
  /** Whose signature it is. */
  readonly provider?: string;
}

/**
 * One part of reasoning as an entry of `reasoning_details`; undefined for what is no reasoning, and where its text is all
 * there is to it.
 */
export function detailOf(part: ContentPart["part"], signature: PartSignature | undefined): ReasoningDetail | undefined {
  if (part.case !== "reasoning") return undefined;
  const { text, summary, encryptedContent } = part.value;
  if (signature === undefined && encryptedContent === "") return undefined;
  const signed = signature === undefined ? {} : { signature: signature.value, provider: signature.provider };
  if (text === "" && encryptedContent !== "") return { type: "reasoning.encrypted", data: encryptedContent, ...signed };
  const data = encryptedContent === "" ? {} : { data: encryptedContent };
  return summary
    ? { type: "reasoning.summary", summary: text, ...data, ...signed }
    : { type: "reasoning.text", text, ...data, ...signed };
}

/** The parts of reasoning that `reasoning_details` hold. Entries of other servers' making are left out. */
export function readDetails(details: unknown): ContentPart[] {
  if (!Array.isArray(details)) return [];
  return details.flatMap((detail) => {
    if (!isObject<Record<keyof ReasoningDetail, unknown>>(detail)) return [];
    const { type, text, summary, data, signature, provider } = detail;
    if (typeof type !== "string" || !type.startsWith("reasoning.")) return [];
    const part = reasoningOf(wordOf(text) || wordOf(summary), {
      summary: type === "reasoning.summary",
      encryptedContent: wordOf(data),
    });
    return [partOf(part, { signature: signatureOf(provider, signature) })];
  });
}

/** The signature of a tool call as its `extra_content`. */
export function extraContent({ provider, value }: PartSignature): JsonObject {
  return { llmhub: { provider, signature: value } };
}

/** The signature that `extraContent` wrote; undefined where there is none. */
export function readEchoed(extra: unknown): PartSignature | undefined {
  if (!isObject<{ llmhub?: unknown }>(extra)) return undefined;
  const { llmhub } = extra;
  return isObject<{ provider?: unknown; signature?: unknown }>(llmhub)
    ? signatureOf(llmhub.provider, llmhub.signature)
    : undefined;
}

function signatureOf(provider: unknown, value: unknown): PartSignature | undefined {
  if (typeof provider !== "string" || provider === "" || typeof value !== "string") return undefined;
  return { $typeName: "llmhub.v1.PartSignature", provider, value };
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
