import type { Attempt } from "../../model/call.ts";
import { Rendering as DialectRendering } from "../rendering.ts";
import { generationOf } from "./model-name.ts";
import { family } from "./wire.ts";

/** One request on its way into the dialect. */
export class Rendering extends DialectRendering {
  /** Major version of the model; undefined where the name does not tell. */
  readonly generation: number | undefined;
  readonly #signer: string;
  /** Names of the tools by the ids of their earlier calls: results are matched by name here. */
  readonly toolNames: ReadonlyMap<string, string>;

  /** `signer` is the name under which answers of the target are signed. */
  constructor(attempt: Attempt, signer: string) {
    super(attempt, family);
    this.#signer = signer;
    this.generation = generationOf(attempt.target.model);
    this.toolNames = new Map(
      attempt.call.request.messages.flatMap(({ content }) =>
        content.flatMap(({ part }) => (part.case === "toolCall" ? [[part.value.id, part.value.name] as const] : [])),
      ),
    );
  }

  /** Whether the target itself made what this name signs. */
  isSigner(provider: string): boolean {
    return provider === this.#signer || provider === family;
  }
}
