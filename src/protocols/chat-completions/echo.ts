import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import { isObject } from "./wire.ts";

/** Where servers show reasoning, and want it back, as one text: in fields of these names, or in items of the content. */
export type ReasoningField = "reasoning_content" | "reasoning" | "thinking";

/** What a server said beside its answer and wants back as it was: on a message, or on a tool call (`extra_content`) or its own sound (`audio`). */
export interface Echo {
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly thinking?: string;
  readonly reasoning_details?: readonly JsonValue[];
  readonly extra_content?: JsonObject;
  readonly audio?: JsonObject;
}

/**
 * Value of the signature of a part of reasoning whose text is the echo: only the field's name, so that the text is not in
 * the conversation twice.
 */
export function textSignature(field: ReasoningField, provider: string): PartSignature {
  return { $typeName: "llmhub.v1.PartSignature", provider, value: field };
}

/** A signature that holds the echo itself. */
export function echoSignature(echo: Echo, provider: string): PartSignature {
  return { $typeName: "llmhub.v1.PartSignature", provider, value: JSON.stringify(echo) };
}

/** What to give back for a part with this text and signature; undefined where the signature is none of these. */
export function readEcho(text: string, { value }: PartSignature): Echo | undefined {
  if (value === "" || value === "reasoning_content") return { reasoning_content: text };
  if (value === "reasoning" || value === "thinking") return { [value]: text };
  const kept = parsed(value);
  if (!isObject<Record<keyof Echo, unknown>>(kept)) return undefined;
  const { reasoning_content, reasoning, thinking, reasoning_details, extra_content, audio } = kept;
  const echo = {
    ...(typeof reasoning_content === "string" ? { reasoning_content } : {}),
    ...(typeof reasoning === "string" ? { reasoning } : {}),
    ...(typeof thinking === "string" ? { thinking } : {}),
    ...(Array.isArray(reasoning_details) ? { reasoning_details } : {}),
    ...(isObject<JsonObject>(extra_content) ? { extra_content } : {}),
    ...(isObject<JsonObject>(audio) ? { audio } : {}),
  };
  return Object.keys(echo).length === 0 ? undefined : echo;
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
