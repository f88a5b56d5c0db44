import type { JsonObject } from "@bufbuild/protobuf";
import type { ContentPart, ProviderPart } from "../../../gen/llmhub/v1/content_pb.ts";
import { parseExactObject } from "../field.ts";
import type { Rendering } from "./rendering.ts";

/** A server's own part or item as it came; undefined where it is another server's. */
export function renderOwn(
  { provider, json }: ProviderPart,
  path: string,
  rendering: Rendering,
): JsonObject | undefined {
  if (!rendering.isOwn(provider)) {
    rendering.dropped(path, `a block of provider "${provider}" means nothing to the target`);
    return undefined;
  }
  const own = parseExactObject(json);
  if (own === undefined) throw rendering.invalid(`${path}.provider_part.json`, "must be the JSON text of an object");
  return own;
}

/** Warns of what a part has besides and cannot take along. */
export function warnExtras({ signature, citations }: ContentPart, path: string, rendering: Rendering): void {
  if (signature !== undefined && rendering.echoOf(signature) === undefined) {
    rendering.warn("SIGNATURE_DROPPED", `${path}.signature`, "the target does not know the signature");
  }
  if (citations.length > 0) {
    rendering.dropped(`${path}.citations`, "citations of this kind cannot be given back in this dialect");
  }
}
