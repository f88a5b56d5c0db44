import { type Entry, groupsOf } from "../groups.ts";
import { renderParts } from "./parts.ts";
import type { Rendering } from "./rendering.ts";
import type { Content, Part, Prompt } from "./wire.ts";

/** First generation that refuses a call of the model that comes back without its signature. */
const signedCalls = 3;
/** What the API's documentation gives for calls that another model made. */
const unsigned = "skip_thought_signature_validator";
/** Open models that know no instructions. */
const withoutInstructions = /^gemma-[123]/;

/** The conversation: instructions at the front, then turns in alternating roles. */
export function renderContents(rendering: Rendering): Pick<Prompt, "contents" | "systemInstruction"> {
  const { system, groups, moved, named } = groupsOf(rendering.request);
  for (const path of moved) rendering.changed(path, "system messages are merged at the front");
  for (const path of named) rendering.ignored(`${path}.name`, "participants have no names here");
  const instruction = renderInstruction(system, rendering);
  const turns = groups.map(({ role, entries }): Content => {
    const parts = renderParts(entries, rendering);
    return role === "user" ? { role, parts } : { role: "model", parts: withProof(parts, rendering) };
  });
  const isAllowed = !withoutInstructions.test(rendering.target.model);
  if (!isAllowed && instruction.length > 0) {
    rendering.changed(
      system[0]?.path ?? "system",
      "the model takes no instructions; they begin the first user message",
    );
    turns.unshift({ role: "user", parts: instruction });
  }
  const contents = alternating(turns);
  if (contents.length === 0) throw rendering.invalid("messages", "at least one message with content is required");
  return isAllowed && instruction.length > 0 ? { contents, systemInstruction: { parts: instruction } } : { contents };
}

function renderInstruction(entries: readonly Entry[], rendering: Rendering): Part[] {
  for (const { part, path } of entries) {
    if (part.part.case !== "text") throw rendering.unsupported(path, "system_media", "a system message is text only");
  }
  return renderParts(entries, rendering);
}

/** The first call of a turn must be signed; the others of the turn are covered by it. */
function withProof(parts: readonly Part[], { generation = 0 }: Rendering): readonly Part[] {
  const first = parts.findIndex((part) => part["functionCall"] !== undefined);
  const call = parts[first];
  if (call === undefined || generation < signedCalls || call["thoughtSignature"] !== undefined) return parts;
  return parts.with(first, { ...call, thoughtSignature: unsigned });
}

/** Joins neighbours of the same role, and leaves out turns of which nothing is sent. */
function alternating(turns: readonly Content[]): Content[] {
  const joined: Content[] = [];
  for (const { role, parts } of turns) {
    const last = joined.at(-1);
    if (parts.length === 0) continue;
    if (last?.role === role) joined[joined.length - 1] = { role, parts: [...last.parts, ...parts] };
    else joined.push({ role, parts });
  }
  return joined;
}
