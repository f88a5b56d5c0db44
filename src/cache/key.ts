import { createHmac } from "node:crypto";
import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import { turnsOf } from "../model/conversation.ts";
import { canonical } from "./canonical.ts";

/**
 * Members of a request that do not stand in its key as they are: the target and the turns take the place of some, the
 * others change nothing about what a model says.
 */
const apart: ReadonlySet<string> = new Set<keyof CompleteRequest>([
  "model",
  "routing",
  "system",
  "messages",
  "input",
  "labels",
  "cache",
  "view",
  "validateOnly",
]);

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
  readonly request: CompleteRequest;
}

/**
 * The name of an answer in a store: an HMAC-SHA256, so whoever does not have the secret can neither guess a name nor read a
 * question out of it. Requests that mean the same to a model have the same one, however they are written.
 */
export function answerKey(secret: Uint8Array, { request, ...place }: KeyParts): string {
  const settings = Object.fromEntries(Object.entries(request).filter(([name]) => !apart.has(name)));
  const turns = turnsOf(request).map(({ role, content, name }) => ({ role, content, name }));
  const text = canonical({ ...place, settings, turns });
  // UTF-16 as it is: in UTF-8 all halves of surrogate pairs would be the same.
  return createHmac("sha256", secret).update(text, "utf16le").digest("base64url");
}
