import type { Turn } from "../../model/conversation.ts";
import type { Echo } from "./echo.ts";
import type { LossReport } from "./loss-report.ts";

/** What of a message is known besides its reasoning. */
interface Rest {
  /** The message says nothing else. */
  readonly isEmpty: boolean;
  readonly hasCalls: boolean;
}

const loss = "reasoning goes back only to the provider it came from, and only if that wants it";

/**
 * Reasoning of the model's own message as its server wants it back: as the list that the server sent, or as text, which
 * servers want beside tool calls only. Everything else is dropped, with a warning.
 */
export function renderReasoning(turn: Turn, { isEmpty, hasCalls }: Rest, losses: LossReport): Echo {
  const thoughts = turn.content.flatMap(({ part, signature }, index) => {
    if (part.case !== "reasoning") return [];
    const echo = isEmpty ? undefined : losses.echoOf(part.value.text, signature);
    return [{ echo, path: `${turn.path}.content[${index}]` }];
  });
  const list = thoughts.find(({ echo }) => echo?.reasoning_details !== undefined)?.echo;
  for (const { echo, path } of thoughts) {
    // The list holds what the texts say.
    if (echo === undefined || (list === undefined && !hasCalls)) losses.warn("PART_DROPPED", path, loss);
  }
  if (list?.reasoning_details !== undefined) return { reasoning_details: list.reasoning_details };
  return hasCalls ? joined(thoughts.flatMap(({ echo }) => echo ?? [])) : {};
}

function joined(echoes: readonly Echo[]): Echo {
  const textOf = (field: "reasoning_content" | "reasoning") => echoes.map((echo) => echo[field] ?? "").join("");
  const reasoning_content = textOf("reasoning_content");
  const reasoning = textOf("reasoning");
  return {
    ...(reasoning_content === "" ? {} : { reasoning_content }),
    ...(reasoning === "" ? {} : { reasoning }),
  };
}
