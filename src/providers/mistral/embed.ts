import type { EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { type EmbeddingsBody, renderEmbeddings } from "../../protocols/embeddings/render.ts";
import { faultOfMistral } from "./fault.ts";

/**
 * Embeddings as Mistral takes them (docs.mistral.ai/api), which calls the dimensions by another name. It bounds the tokens of
 * a request ("Too many tokens in batch. Max is 16384"), and has no bound of its texts.
 */
export const embedDialect: EmbedDialect = {
  ...embeddings,
  render: renderMistralEmbeddings,
  fault: faultOfMistral,
  textsMax: () => 512,
  tokensMax: () => 16_384,
};

function renderMistralEmbeddings(attempt: Attempt<EmbedRequest>): Rendered<EmbeddingsBody> {
  const { body, ...rendered } = renderEmbeddings(attempt);
  const { dimensions, ...rest } = body;
  return { ...rendered, body: dimensions === undefined ? rest : { ...rest, output_dimension: dimensions } };
}
