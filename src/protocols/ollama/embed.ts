import { create, type JsonObject } from "@bufbuild/protobuf";
import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Reader, Rendered } from "../../model/protocol.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { positionOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { readValue } from "../value-answer.ts";
import { checkVectors, vectorOf } from "../vector.ts";
import { fault, faultIn } from "./fault.ts";
import { family } from "./wire.ts";

/** The server has no limit; a request of this many texts ends in the time that one is given. */
const textsMax = 512;

/** Embeddings by /api/embed. */
export const ollamaEmbeddings: EmbedDialect = {
  name: "ollama-embeddings",
  textsMax: () => textsMax,
  render,
  read,
  fault,
};

function render(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, purpose, dimensions, truncate, providerOptions } = rendering.request;
  if (purpose !== EmbeddingPurpose.UNSPECIFIED) {
    rendering.ignored("purpose", "the purpose cannot be told; write the prefix that the model wants into the texts");
  }
  const own = rendering.options(providerOptions);
  refuseReserved(own, rendering);
  const body = {
    model: rendering.target.model,
    input: inputs,
    truncate,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...own,
  };
  return { path: "/api/embed", body, warnings: rendering.warnings };
}

function read(attempt: Attempt<EmbedRequest>): Reader<Vectors> {
  const { length } = attempt.call.request.inputs;
  return readValue(attempt, (body) => ({ value: vectorsIn(body, length), usage: usageOf(body) }), faultIn);
}

function vectorsIn({ embeddings }: JsonObject, count: number): Vectors {
  if (!Array.isArray(embeddings)) throw badResponse("bad_vector", "sent no list of vectors");
  return checkVectors(embeddings.map(vectorOf), count);
}

function usageOf({ prompt_eval_count: count }: JsonObject): Usage | undefined {
  const inputTokens = positionOf(count);
  return inputTokens === undefined ? undefined : create(UsageSchema, { inputTokens, source: UsageSource.PROVIDER });
}
