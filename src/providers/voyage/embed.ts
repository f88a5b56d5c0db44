import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { type EmbeddingsBody, embeddingsOf } from "../../protocols/embeddings/render.ts";
import { Rendering } from "../../protocols/rendering.ts";
import { faultOfVoyage } from "./fault.ts";

/** Tokens of one request, by model (docs.voyageai.com/reference/embeddings-api); those of other models are the least. */
const tokensByModel: ReadonlyMap<string, number> = new Map([
  ["voyage-4-lite", 1_000_000],
  ["voyage-3.5-lite", 1_000_000],
  ["voyage-4", 320_000],
  ["voyage-3.5", 320_000],
  ["voyage-2", 320_000],
]);
const tokensMax = 120_000;

/** What texts are for, in the words of the API. */
const inputTypes: ReadonlyMap<EmbeddingPurpose, string> = new Map([
  [EmbeddingPurpose.DOCUMENT, "document"],
  [EmbeddingPurpose.QUERY, "query"],
]);

/** Embeddings as Voyage takes them: OpenAI's, with fields of its own. */
export const voyageEmbeddings: EmbedDialect = {
  ...embeddings,
  name: "voyage-embeddings",
  render: renderVoyage,
  fault: faultOfVoyage,
  textsMax: () => 1000,
  tokensMax: (model) => tokensByModel.get(model) ?? tokensMax,
};

function renderVoyage(attempt: Attempt<EmbedRequest>): Rendered<EmbeddingsBody> {
  const rendering = new Rendering(attempt, "voyage");
  const { purpose, dimensions, truncate } = rendering.request;
  const type = inputTypes.get(purpose);
  if (type === undefined && purpose !== EmbeddingPurpose.UNSPECIFIED) {
    rendering.ignored("purpose", "only documents and queries are told apart; vectors for any use are made");
  }
  return embeddingsOf(rendering, {
    ...(type === undefined ? {} : { input_type: type }),
    truncation: truncate,
    ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
  });
}
