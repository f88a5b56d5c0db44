import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart, DocumentPart } from "../../../gen/llmhub/v1/content_pb.ts";

/** The ids by which the documents of a request are sent, unique as the API demands, and those by which callers know them. */
export class DocumentIds {
  readonly #sent = new Map<DocumentPart, string>();
  readonly #own = new Map<string, string>();

  constructor({ messages }: CompleteRequest) {
    for (const { content } of messages) for (const part of content) this.#note(part);
  }

  /** The id that a document of the request is sent with. */
  sentFor(document: DocumentPart): string {
    return this.#sent.get(document) ?? "";
  }

  /** The caller's id, or the position where it gave none; the given one where it is none of these documents. */
  ownFor(sent: string): string {
    return this.#own.get(sent) ?? sent;
  }

  #note({ part }: Pick<ContentPart, "part">): void {
    if (part.case === "document") this.#add(part.value);
    if (part.case !== "toolResult") return;
    for (const { part: piece } of part.value.content) if (piece.case === "document") this.#add(piece.value);
  }

  #add(document: DocumentPart): void {
    const position = `#${this.#sent.size}`;
    const own = document.documentId || position;
    let sent = own;
    while (this.#own.has(sent)) sent += position;
    this.#sent.set(document, sent);
    this.#own.set(sent, own);
  }
}
