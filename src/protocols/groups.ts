import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ContentPart, type MediaPart, Role } from "../../gen/llmhub/v1/content_pb.ts";
import { turnsOf } from "../model/conversation.ts";

/** A part and where it stands in the request: "messages[3].content[0]". */
export interface Entry {
  readonly part: ContentPart;
  readonly path: string;
}

/** What becomes one message: turns of the same role in a row, for dialects that want roles to alternate. */
export interface Group {
  readonly role: "user" | "assistant";
  /** Tool results first, as such dialects demand. */
  readonly entries: readonly Entry[];
}

/** A conversation in the order of dialects that take system text at the front only. */
export interface Grouped {
  readonly system: readonly Entry[];
  readonly groups: readonly Group[];
  /** Paths of system messages that stood behind others and are now at the front. */
  readonly moved: readonly string[];
  /** Paths of messages that carry a name. */
  readonly named: readonly string[];
}

/** Sorts a conversation into system parts and alternating groups. */
export function groupsOf(request: CompleteRequest): Grouped {
  const system: Entry[] = [];
  const groups: { role: Group["role"]; entries: Entry[] }[] = [];
  const moved: string[] = [];
  const named: string[] = [];
  for (const { role, content, path, name } of turnsOf(request)) {
    if (name !== "") named.push(path);
    const isListed = path.startsWith("messages");
    const entries = content.map((part, index) => ({ part, path: isListed ? `${path}.content[${index}]` : path }));
    if (role === Role.SYSTEM) {
      if (groups.length > 0) moved.push(path);
      system.push(...entries);
      continue;
    }
    const side = role === Role.ASSISTANT ? "assistant" : "user";
    const last = groups.at(-1);
    if (last?.role === side) last.entries.push(...entries);
    else groups.push({ role: side, entries });
  }
  return { system, groups: groups.map(resultsFirst), moved, named };
}

/**
 * The ids by which citations name the documents of a request: "#3" for the fourth document if it has none. `isDocument`
 * tells which media the dialect sends as documents.
 */
export function documentIdsOf(request: CompleteRequest, isDocument: (media: MediaPart) => boolean): string[] {
  const parts = groupsOf(request).groups.flatMap(({ entries }) => entries.map(({ part }) => part));
  return parts
    .flatMap((part) => documentIds(part, isDocument))
    .map((id, position) => (id === "" ? `#${position}` : id));
}

function resultsFirst({ role, entries }: Group): Group {
  const isResult = ({ part }: Entry) => part.part.case === "toolResult";
  return { role, entries: [...entries.filter(isResult), ...entries.filter((entry) => !isResult(entry))] };
}

type AnyPart = { readonly part: ContentPart["part"] };

function documentIds({ part }: AnyPart, isDocument: (media: MediaPart) => boolean): string[] {
  if (part.case === "document") return [part.value.documentId];
  if (part.case === "media") return isDocument(part.value) ? [""] : [];
  if (part.case !== "toolResult") return [];
  return part.value.content.flatMap((result) => {
    if (result.part.case !== "document" && result.part.case !== "media") return [];
    return documentIds({ part: result.part }, isDocument);
  });
}
