import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import { isObject } from "../../protocols/chat-completions/wire.ts";
import { family } from "../../protocols/messages/wire.ts";

const mark = "llmhub.";

/** What a provider wants back with a part and this API has one opaque field for. */
export interface Sealed {
  readonly signature: PartSignature | undefined;
  /** Encrypted reasoning beside a text. */
  readonly encrypted?: string;
  readonly summary?: boolean;
  /** The tool call that the signature belongs to. Absent: the reasoning that stands beside it. */
  readonly callId?: string;
}

/** The text for the field "signature" of a block of thinking, which says whose signature it is. */
export function seal({ signature, encrypted = "", summary = false, callId }: Sealed): string {
  const facts = { p: signature?.provider, v: signature?.value, e: encrypted || undefined, s: summary || undefined };
  return mark + Buffer.from(JSON.stringify({ ...facts, c: callId })).toString("base64url");
}

/** What `seal` wrote; anything else is a signature of Anthropic's own making. */
export function unseal(text: string): Sealed {
  const own = signatureOf(family, text);
  if (!text.startsWith(mark)) return { signature: own };
  const facts = parsed(Buffer.from(text.slice(mark.length), "base64url").toString());
  if (!isObject<{ p?: unknown; v?: unknown; e?: unknown; s?: unknown; c?: unknown }>(facts)) return { signature: own };
  const { p, v, e, s, c } = facts;
  return {
    signature: typeof p === "string" && typeof v === "string" ? signatureOf(p, v) : undefined,
    ...(typeof e === "string" ? { encrypted: e } : {}),
    ...(typeof c === "string" ? { callId: c } : {}),
    summary: s === true,
  };
}

function signatureOf(provider: string, value: string): PartSignature {
  return { $typeName: "llmhub.v1.PartSignature", provider, value };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
