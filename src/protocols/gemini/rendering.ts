import type { Attempt } from "../../model/call.ts";
import { Rendering as DialectRendering } from "../rendering.ts";
import { generationOf } from "./model-name.ts";
import { family } from "./wire.ts";

/** One request on its way into the dialect. */
export class Rendering extends DialectRendering {
  /** Major version of the model; undefined where the name does not tell. */
  readonly generation: number | undefined;
  /** Names of the tools by the ids of their earlier calls: results are matched by name here. */
  readonly toolNames: ReadonlyMap<string, string>;

  constructor(attempt: Attempt) {
    super(attempt, family);
    this.generation = generationOf(attempt.target.model);
    this.toolNames = new Map(
      attempt.call.request.messages.flatMap(({ content }) =>
        content.flatMap(({ part }) => (part.case === "toolCall" ? [[part.value.id, part.value.name] as const] : [])),
      ),
    );
  }
}
