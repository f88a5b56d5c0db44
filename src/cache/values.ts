import { create } from "@bufbuild/protobuf";
import { type EmbedResponse, EmbedResponseSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { type RerankResponse, RerankResponseSchema } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Result } from "../model/reply.ts";
import type { Scores } from "../model/scores.ts";
import type { Vectors } from "../model/vectors.ts";
import type { AnswerKind } from "./answer.ts";

/** Vectors, kept as four bytes a number whatever encoding the caller wants. */
export const embeddings: AnswerKind<Result<Vectors>, EmbedResponse> = {
  operation: "embed",
  schema: EmbedResponseSchema,
  record: (result, _bytesMax, ended) => {
    ended(create(EmbedResponseSchema, { vectors: result.value.map((vector) => ({ packed: bytesOf(vector) })) }));
    return result;
  },
  bytesMin: ({ vectors }) => vectors.reduce((sum, { packed }) => sum + packed.length, 0),
  finish: async () => undefined,
  replay: ({ vectors }, served) => ({ ...served, value: vectors.map(({ packed }) => numbersOf(packed)) }),
};

/** Scores, kept without the texts of the documents. */
export const rankings: AnswerKind<Result<Scores>, RerankResponse> = {
  operation: "rerank",
  schema: RerankResponseSchema,
  record: (result, _bytesMax, ended) => {
    ended(create(RerankResponseSchema, { results: result.value.map(({ index, score }) => ({ index, score })) }));
    return result;
  },
  bytesMin: () => 0,
  finish: async () => undefined,
  replay: ({ results }, served) => ({ ...served, value: results.map(({ index, score }) => ({ index, score })) }),
};

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Copied: a message that was read begins anywhere, and numbers in memory where their size divides the address. */
function numbersOf(packed: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(packed).buffer);
}
