import type { ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Rendering } from "./rendering.ts";

/** Tells what beside its content a part loses in a dialect that takes back neither citations nor signatures. */
export function warnExtras({ citations, signature }: ContentPart, path: string, rendering: Rendering): void {
  if (citations.length > 0) rendering.dropped(`${path}.citations`, "citations of earlier answers are not sent back");
  if (signature !== undefined) {
    rendering.warn("SIGNATURE_DROPPED", `${path}.signature`, "the target does not know the signature");
  }
}

/** Tells that the options of a part are lost in a place that takes none. */
export function warnOptions({ providerOptions }: ContentPart, path: string, rendering: Rendering): void {
  if (Object.keys(rendering.options(providerOptions)).length === 0) return;
  rendering.ignored(`${path}.provider_options`, "there is no place for options of this part");
}
