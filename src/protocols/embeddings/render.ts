import type { JsonValue } from "@bufbuild/protobuf";
import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { family } from "../chat-completions/wire.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";

/** A request body; servers add fields of their own. */
export interface EmbeddingsBody {
  readonly model: string;
  readonly input: readonly string[];
  readonly encoding_format?: "base64" | "float";
  readonly dimensions?: number;
  readonly [option: string]: JsonValue | readonly string[] | undefined;
}

/** The request in the embeddings dialect. A purpose and what to do with long texts have no place in it. */
export function renderEmbeddings(
  attempt: Attempt<EmbedRequest>,
  rendering = new Rendering(attempt, family),
): Rendered<EmbeddingsBody> {
  const { dimensions, purpose, truncate } = rendering.request;
  if (purpose !== EmbeddingPurpose.UNSPECIFIED) {
    rendering.ignored("purpose", "this dialect makes the same vector whatever it is for");
  }
  if (truncate) rendering.ignored("truncate", "this dialect refuses texts that are too long");
  return embeddingsOf(rendering, dimensions === undefined ? {} : { dimensions });
}

/**
 * The request with what every server of the dialect takes, and `more` for what servers call by names of their own. Vectors
 * are asked for in base64, a third of the size; servers that do not know that send numbers.
 */
export function embeddingsOf(
  rendering: Rendering<EmbedRequest>,
  more: Readonly<Record<string, JsonValue>>,
): Rendered<EmbeddingsBody> {
  const { request, target } = rendering;
  const options = rendering.options(request.providerOptions);
  refuseReserved(options, rendering);
  const body = { model: target.model, input: request.inputs, encoding_format: "base64", ...more, ...options } as const;
  return { path: "/embeddings", body, warnings: rendering.warnings };
}
