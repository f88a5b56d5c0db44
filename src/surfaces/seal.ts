import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type ContentPart, ContentPartSchema, type PartSignature } from "../../gen/llmhub/v1/content_pb.ts";
import { isObject } from "../protocols/chat-completions/wire.ts";

const mark = "llmhub.";

/** What providers want back and another's API has one opaque field for. */
export interface Sealed {
  readonly signature?: PartSignature | undefined;
  /** Encrypted reasoning beside a text. */
  readonly encrypted?: string;
  readonly summary?: boolean;
  /** The tool call, or what else has an id, that the signature belongs to. Absent: the reasoning that stands beside it. */
  readonly callId?: string;
  /** A whole part that the API has no form for. */
  readonly part?: ContentPart;
}

/** The text for an opaque field, which says whose signature it is. */
export function seal({ signature, encrypted = "", summary = false, callId, part }: Sealed): string {
  const facts = { p: signature?.provider, v: signature?.value, e: encrypted || undefined, s: summary || undefined };
  const whole = part === undefined ? undefined : toJson(ContentPartSchema, part);
  return mark + Buffer.from(JSON.stringify({ ...facts, c: callId, w: whole })).toString("base64url");
}

/** What `seal` wrote; undefined for anything else. */
export function opened(text: string): Sealed | undefined {
  if (!text.startsWith(mark)) return undefined;
  const facts = parsed(Buffer.from(text.slice(mark.length), "base64url").toString());
  if (!isObject<Record<"p" | "v" | "e" | "s" | "c" | "w", unknown>>(facts)) return undefined;
  const { p: provider, v: value, e, s, c, w } = facts;
  const part = w === undefined ? undefined : partIn(w);
  if (w !== undefined && part === undefined) return undefined;
  return {
    ...(typeof provider === "string" && typeof value === "string"
      ? { signature: { $typeName: "llmhub.v1.PartSignature", provider, value } }
      : {}),
    ...(typeof e === "string" ? { encrypted: e } : {}),
    ...(typeof c === "string" ? { callId: c } : {}),
    summary: s === true,
    ...(part === undefined ? {} : { part }),
  };
}

function partIn(json: unknown): ContentPart | undefined {
  try {
    return fromJson(ContentPartSchema, json as JsonValue, { ignoreUnknownFields: true });
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
