import type { JsonObject } from "@bufbuild/protobuf";
import type { EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Reader } from "../../model/protocol.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { objectOf, positionOf } from "../field.ts";
import { readInputUsage } from "../input-usage.ts";
import { readValue } from "../value-answer.ts";
import { checkVectors, vectorOf } from "../vector.ts";

/** Reads vectors, as numbers or in base64, in the order of the texts, whatever the order of the list. */
export function readEmbeddings(attempt: Attempt<EmbedRequest>): Reader<Vectors> {
  const { length } = attempt.call.request.inputs;
  return readValue(attempt, (body) => ({ value: vectorsIn(body, length), usage: readInputUsage(body["usage"]) }));
}

function vectorsIn({ data }: JsonObject, count: number): Vectors {
  if (!Array.isArray(data)) throw badResponse("bad_vector", "sent no list of vectors");
  const entries = data.map((entry, at) => {
    const { index, embedding } = objectOf(entry) ?? {};
    return { at: positionOf(index) ?? at, vector: vectorOf(embedding) };
  });
  if (new Set(entries.map(({ at }) => at)).size !== entries.length) {
    throw badResponse("vector_count", "sent two vectors for one text");
  }
  const ordered = entries.sort((a, b) => a.at - b.at).map(({ vector }) => vector);
  return checkVectors(ordered, count);
}
