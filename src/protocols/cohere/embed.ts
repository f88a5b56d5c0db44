import type { JsonObject } from "@bufbuild/protobuf";
import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Reader, Rendered } from "../../model/protocol.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { objectOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { readValue } from "../value-answer.ts";
import { checkVectors, vectorOf } from "../vector.ts";
import { fault, faultIn } from "./fault.ts";
import { usageOf } from "./usage.ts";
import { family } from "./wire.ts";

/** Texts that the API takes in one request. */
const textsMax = 96;
/** Encodings of vectors in an answer, best first: callers can ask for others than float by provider_options. */
const encodings = ["float", "base64", "int8", "uint8", "binary", "ubinary"] as const;
/** Models whose vectors have one length. */
const fixedLength = /-v[23]\.0$/;

const purposes: ReadonlyMap<EmbeddingPurpose, string> = new Map([
  [EmbeddingPurpose.UNSPECIFIED, "search_document"],
  [EmbeddingPurpose.DOCUMENT, "search_document"],
  [EmbeddingPurpose.QUERY, "search_query"],
  [EmbeddingPurpose.CLASSIFICATION, "classification"],
  [EmbeddingPurpose.CLUSTERING, "clustering"],
  // Comparison is what clustering does.
  [EmbeddingPurpose.SIMILARITY, "clustering"],
]);

/** Embeddings by /v2/embed. */
export const cohereEmbeddings: EmbedDialect = {
  name: "cohere-embeddings",
  textsMax: () => textsMax,
  render,
  read,
  fault,
};

function render(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { request, target } = rendering;
  const { inputs, purpose, dimensions, truncate, providerOptions } = request;
  if (purpose === EmbeddingPurpose.SIMILARITY) {
    rendering.changed("purpose", 'there is no such purpose; "clustering" is used');
  }
  const isFixed = fixedLength.test(target.model);
  if (dimensions !== undefined && isFixed) rendering.ignored("dimensions", "the model's vectors have one length");
  const own = rendering.options(providerOptions);
  refuseReserved(own, rendering);
  const body = {
    model: target.model,
    texts: inputs,
    input_type: purposes.get(purpose) ?? "search_document",
    embedding_types: ["float"],
    ...(dimensions === undefined || isFixed ? {} : { output_dimension: dimensions }),
    truncate: truncate ? "END" : "NONE",
    ...own,
  };
  return { path: "/v2/embed", body, warnings: rendering.warnings };
}

function read(attempt: Attempt<EmbedRequest>): Reader<Vectors> {
  const { length } = attempt.call.request.inputs;
  return readValue(attempt, (body) => ({ value: vectorsIn(body, length), usage: usageOf(body["meta"]) }), faultIn);
}

function vectorsIn({ embeddings }: JsonObject, count: number): Vectors {
  const rows = rowsOf(embeddings);
  if (rows === undefined) throw badResponse("bad_vector", "sent no list of vectors");
  return checkVectors(rows.map(vectorOf), count);
}

/** Vectors by encoding, or, as the first version of the API gives them, a plain list. */
function rowsOf(embeddings: unknown): unknown[] | undefined {
  if (Array.isArray(embeddings)) return embeddings;
  const byEncoding = objectOf(embeddings) ?? {};
  for (const encoding of encodings) {
    const rows = byEncoding[encoding];
    if (Array.isArray(rows)) return rows;
  }
  return undefined;
}
