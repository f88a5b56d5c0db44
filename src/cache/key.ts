import { createHmac } from "node:crypto";
import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { RerankRequest } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Asked } from "../model/call.ts";
import { type Turn, turnsOf } from "../model/conversation.ts";
import { canonical } from "./canonical.ts";

/**
 * Members of a request that do not stand in its key as they are: the target and the turns take the place of some, the
 * others change nothing about what a model says, or only how it is handed over.
 */
const apart: Readonly<Record<Asked["$typeName"], ReadonlySet<string>>> = {
  "llmhub.v1.CompleteRequest": new Set<keyof CompleteRequest>([
    "model",
    "routing",
    "system",
    "messages",
    "input",
    "labels",
    "cache",
    "view",
    "validateOnly",
  ]),
  "llmhub.v1.EmbedRequest": new Set<keyof EmbedRequest>(["model", "routing", "labels", "encoding"]),
  "llmhub.v1.RerankRequest": new Set<keyof RerankRequest>(["model", "routing", "labels", "returnDocuments"]),
};

/** What an answer belongs to. */
export interface KeyParts {
  /** Whose callers may find it; empty for those of no tenant. */
  readonly tenant: string;
  /** Which of them: the id of an API key, or empty for all. */
  readonly scope: string;
  /** The configuration of providers that it was made under. */
  readonly generation: string;
  /** Resource name of the alias or policy that led to the targets; empty for none. */
  readonly policy: string;
  /** The targets that may have given it, in order: "openai/gpt-4o". */
  readonly selectors: readonly string[];
  /** What the call sticks to one of several targets by; empty where there is one, or it sticks to none. */
  readonly affinity: string;
  readonly request: Asked;
}

/**
 * The name of an answer in a store: an HMAC-SHA256, so whoever does not have the secret can neither guess a name nor read a
 * question out of it. Requests that mean the same to a model have the same one, however they are written.
 */
export function answerKey(secret: Uint8Array, { request, ...place }: KeyParts): string {
  const left = apart[request.$typeName];
  // With the name of its type: requests of two kinds never mean the same.
  const settings = Object.fromEntries(Object.entries(request).filter(([name]) => !left.has(name)));
  const turns = request.$typeName === "llmhub.v1.CompleteRequest" ? turnsOf(request).map(plainTurn) : [];
  const text = canonical({ ...place, settings, turns });
  // UTF-16 as it is: in UTF-8 all halves of surrogate pairs would be the same.
  return createHmac("sha256", secret).update(text, "utf16le").digest("base64url");
}

function plainTurn({ role, content, name }: Turn): Omit<Turn, "path"> {
  return { role, content, name };
}
