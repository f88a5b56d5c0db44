import type { MediaPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { family } from "../converse/wire.ts";
import { addressOf } from "../media-source.ts";
import { Rendering } from "../rendering.ts";

/** Throws CAPABILITY_UNSUPPORTED for media that the models here take from Anthropic's API only: by address, and as its files. */
export function refuseMedia(attempt: Attempt): void {
  const rendering = new Rendering(attempt, family);
  const check = (media: MediaPart, path: string): void => {
    if (addressOf(media) !== undefined) {
      throw rendering.unsupported(`${path}.media.uri`, "media_url", "media cannot be sent by their address");
    }
    if (media.source.case === "providerFile") {
      const message = "Bedrock keeps no files of Anthropic's";
      throw rendering.unsupported(`${path}.media.provider_file`, "provider_file", message);
    }
  };
  for (const [i, { content }] of rendering.request.messages.entries()) {
    for (const [j, { part }] of content.entries()) {
      const path = `messages[${i}].content[${j}]`;
      if (part.case === "toolResult") {
        for (const [k, result] of part.value.content.entries()) {
          checkPart(result.part, `${path}.tool_result.content[${k}]`, check);
        }
      } else checkPart(part, path, check);
    }
  }
}

type AnyPart = { readonly case: string | undefined; readonly value?: unknown };

function checkPart(part: AnyPart, path: string, check: (media: MediaPart, path: string) => void): void {
  if (part.case === "media") check(part.value as MediaPart, path);
  const document = part.case === "document" ? (part.value as { body: AnyPart }) : undefined;
  if (document?.body.case === "media") check(document.body.value as MediaPart, `${path}.document`);
}
