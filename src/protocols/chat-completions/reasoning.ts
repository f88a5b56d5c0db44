import type { Turn } from "../../model/conversation.ts";
import type { Echo, ReasoningField } from "./echo.ts";
import type { LossReport } from "./loss-report.ts";

/** What of a message is known besides its reasoning. */
interface Rest {
  /** The message says nothing else. */
  readonly isEmpty: boolean;
  /** Tools were called on the way from the user's message to this one, or are called by it. */
  readonly usesTools: boolean;
}

const loss = "reasoning goes back only to the provider it came from, and only if that wants it";

/**
 * Reasoning of the model's own message as its server wants it back: as the list that the server sent, as items of the
 * content, or as a field, which servers want where tools are used only. Everything else is dropped, with a warning.
 */
export function renderReasoning(turn: Turn, { isEmpty, usesTools }: Rest, losses: LossReport): Echo {
  const thoughts = turn.content.flatMap(({ part, signature }, index) => {
    if (part.case !== "reasoning") return [];
    const echo = isEmpty ? undefined : losses.echoOf(part.value.text, signature);
    return [{ echo, path: `${turn.path}.content[${index}]` }];
  });
  const list = thoughts.find(({ echo }) => echo?.reasoning_details !== undefined)?.echo;
  for (const { echo, path } of thoughts) {
    // The list holds what the texts say.
    const isWanted = list !== undefined || usesTools || echo?.thinking !== undefined;
    if (echo === undefined || !isWanted) losses.warn("PART_DROPPED", path, loss);
  }
  if (list?.reasoning_details !== undefined) return { reasoning_details: list.reasoning_details };
  const echoes = thoughts.flatMap(({ echo }) => echo ?? []);
  const thinking = joined(echoes, "thinking");
  return usesTools ? { ...joined(echoes, "reasoning_content"), ...joined(echoes, "reasoning"), ...thinking } : thinking;
}

function joined(echoes: readonly Echo[], field: ReasoningField): Echo {
  const text = echoes.map((echo) => echo[field] ?? "").join("");
  return text === "" ? {} : { [field]: text };
}
