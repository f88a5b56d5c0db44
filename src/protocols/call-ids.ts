import { createHash } from "node:crypto";
import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";

/** Longest id that the API takes back (proto: ToolCall.id). */
const idCharsMax = 256;

/**
 * Ids for the tool calls of one answer: the provider's own as long as they are unique in the conversation, which providers
 * do not promise; others are made here.
 */
export class CallIds {
  readonly #request: CompleteRequest;
  /** Ids of the conversation and of this answer. */
  #taken: Set<string> | undefined;
  #made = 0;

  constructor(request: CompleteRequest) {
    this.#request = request;
  }

  /** The id of one more call; `given` is the provider's, or empty where it gives none. */
  next(given: string): string {
    if (this.#taken === undefined) {
      this.#taken = idsOf(this.#request);
      // Counting on from there, an id rarely comes again that was in a part of the conversation that is gone.
      this.#made = this.#taken.size;
    }
    let id = given.length > idCharsMax ? "" : given.toWellFormed();
    while (id === "" || this.#taken.has(id)) id = `call_${this.#made++}`;
    this.#taken.add(id);
    return id;
  }
}

function idsOf({ messages }: CompleteRequest): Set<string> {
  const ids = new Set<string>();
  for (const { content } of messages) {
    for (const { part } of content) if (part.case === "toolCall") ids.add(part.value.id);
  }
  return ids;
}

/**
 * An id as it is if it has letters, digits, "_" and "-" only, and at most `charsMax` of them. Ids of other providers can have
 * more; their hash keeps them apart.
 */
export function fitCallId(id: string, charsMax = Number.POSITIVE_INFINITY): string {
  if (/^[a-zA-Z0-9_-]+$/.test(id) && id.length <= charsMax) return id;
  const hash = idDigest(id, 8);
  return `${id.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, charsMax - hash.length - 1)}_${hash}`;
}

/** Hexadecimal digits that stand for an id which a provider cannot take: always the same, so that call and result meet. */
export function idDigest(id: string, length: number): string {
  return createHash("sha256").update(id).digest("hex").slice(0, length);
}
