import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import type { Piece } from "../../model/reply.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { fault } from "../converse/fault.ts";
import { modelPath } from "../converse/model-id.ts";
import { family } from "../converse/wire.ts";
import { objectOf, parseObject } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { checkVectors, vectorOf } from "../vector.ts";
import { WholeReader } from "../whole-reader.ts";
import { finished } from "./finished.ts";

/** Texts that one request takes. */
const textsMax = 96;

const inputTypes: Readonly<Record<EmbeddingPurpose, string | undefined>> = {
  [EmbeddingPurpose.UNSPECIFIED]: "search_document",
  [EmbeddingPurpose.DOCUMENT]: "search_document",
  [EmbeddingPurpose.QUERY]: "search_query",
  [EmbeddingPurpose.SIMILARITY]: undefined,
  [EmbeddingPurpose.CLASSIFICATION]: "classification",
  [EmbeddingPurpose.CLUSTERING]: "clustering",
};

/** Cohere Embed on Bedrock. It tells the tokens that it counted in a header only, so that they are estimated. */
export const cohereEmbed: EmbedDialect = {
  name: "cohere-embed-invoke",
  render,
  read: ({ call }) => new WholeReader<Vectors>({ model: "", take: (body, out) => take(body, call.request, out) }),
  fault,
  textsMax: () => textsMax,
};

function render(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, purpose, dimensions, truncate, providerOptions } = rendering.request;
  const { model } = rendering.target;
  const isV3 = /embed-[a-z]+-v3/.test(model);
  const input_type = inputTypes[purpose] ?? "clustering";
  if (purpose === EmbeddingPurpose.SIMILARITY) rendering.changed("purpose", `"${input_type}" comes nearest to it`);
  if (dimensions !== undefined && isV3) rendering.ignored("dimensions", "the length of vectors cannot be chosen");
  const body = {
    texts: inputs,
    input_type,
    embedding_types: ["float"],
    // Version 4 renamed the sides of a text.
    truncate: truncate ? (isV3 ? "END" : "RIGHT") : "NONE",
    ...(dimensions === undefined || isV3 ? {} : { output_dimension: dimensions }),
    ...rendering.options(providerOptions),
  };
  return { path: modelPath(model, "invoke"), body, warnings: rendering.warnings };
}

function take(body: string, { inputs }: EmbedRequest, out: Piece<Vectors>[]): void {
  const answer = parseObject(body);
  if (answer === undefined) throw badResponse("bad_json", "sent something that is not a JSON object");
  const { embeddings } = answer;
  const list = Array.isArray(embeddings) ? embeddings : objectOf(embeddings)?.["float"];
  if (!Array.isArray(list)) throw badResponse("missing_vectors", "sent no vectors");
  out.push({ case: "value", value: checkVectors(list.map(vectorOf), inputs.length) });
  out.push(finished());
}
