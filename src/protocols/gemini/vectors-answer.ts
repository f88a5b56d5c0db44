import { create, type JsonObject } from "@bufbuild/protobuf";
import { StreamFinishedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Reader } from "../../model/protocol.ts";
import type { Piece } from "../../model/reply.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { parseObject } from "../field.ts";
import { checkVectors, vectorOf } from "../vector.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { errorIn, faultWithin } from "./fault.ts";

/** What a body of vectors holds: the values of each, and the tokens where the provider counted them. */
export interface VectorsBody {
  readonly values: readonly unknown[];
  readonly usage: Usage | undefined;
}

/** Reads vectors out of one body. `find` gives undefined for a body that holds none. */
export function vectorsReader(
  attempt: Attempt<EmbedRequest>,
  find: (body: JsonObject) => VectorsBody | undefined,
): Reader<Vectors> {
  return new WholeReader(new VectorsAnswer(attempt, find));
}

class VectorsAnswer implements WholeAnswer<Vectors> {
  /** The dialect does not name it. */
  readonly model = "";
  readonly #attempt: Attempt<EmbedRequest>;
  readonly #find: (body: JsonObject) => VectorsBody | undefined;

  constructor(attempt: Attempt<EmbedRequest>, find: (body: JsonObject) => VectorsBody | undefined) {
    this.#attempt = attempt;
    this.#find = find;
  }

  take(body: string, out: Piece<Vectors>[]): void {
    const object = parseObject(body);
    if (object !== undefined && errorIn(object) !== undefined) throw faultWithin(this.#attempt, body);
    const found = object && this.#find(object);
    if (found === undefined) throw badResponse("missing_vectors", "sent no vectors");
    const { values, usage } = found;
    const value = checkVectors(values.map(vectorOf), this.#attempt.call.request.inputs.length);
    out.push({ case: "value", value });
    out.push({ case: "finished", value: create(StreamFinishedSchema, usage === undefined ? {} : { usage }) });
  }
}
