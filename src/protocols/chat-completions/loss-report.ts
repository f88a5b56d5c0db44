import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { Rendering } from "../rendering.ts";
import { type Echo, readEcho } from "./echo.ts";
import { picturesField } from "./made-media.ts";
import { type AssistantMessage, family } from "./wire.ts";

/** What rendering loses or refuses, and what the target wants back of what it said. */
export class LossReport extends Rendering {
  readonly #takesEchoes: boolean;

  /** `takesEchoes`: the target wants back what it said beside its answers. */
  constructor(attempt: Attempt, takesEchoes: boolean) {
    super(attempt, family);
    this.#takesEchoes = takesEchoes;
  }

  /** The echo for a part with this text and signature, if the target made it and wants it back. */
  echoOf(text: string, signature: PartSignature | undefined): Echo | undefined {
    const isWanted = this.#takesEchoes && signature?.provider === this.target.provider.id;
    return isWanted ? readEcho(text, signature) : undefined;
  }

  /** Under which of its fields the target wants back what it made besides text; undefined where it did not make this. */
  madeAs(signature: PartSignature | undefined): Pick<AssistantMessage, "audio"> | "images" | undefined {
    if (signature?.provider !== this.target.provider.id) return undefined;
    if (signature.value === picturesField) return picturesField;
    const audio = readEcho("", signature)?.audio;
    return audio === undefined ? undefined : { audio };
  }
}
