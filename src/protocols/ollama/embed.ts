import { create } from "@bufbuild/protobuf";
import { FinishReason, StreamFinishedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import type { Piece } from "../../model/reply.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { parseObject, positionOf, textOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { checkVectors, vectorOf } from "../vector.ts";
import { type WholeAnswer, WholeReader } from "../whole-reader.ts";
import { fault, faultWithin } from "./fault.ts";
import { family } from "./wire.ts";

/** The server has no limit; a request of this many texts ends in the time that one is given. */
const textsMax = 512;

/** Embeddings by /api/embed. */
export const ollamaEmbeddings: EmbedDialect = {
  name: "ollama-embeddings",
  textsMax: () => textsMax,
  render,
  read: (attempt) => new WholeReader<Vectors>(new Embeddings(attempt)),
  fault,
};

function render(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, purpose, dimensions, truncate, providerOptions } = rendering.request;
  if (purpose !== EmbeddingPurpose.UNSPECIFIED) {
    rendering.ignored("purpose", "the purpose cannot be told; write the prefix that the model wants into the texts");
  }
  const own = rendering.options(providerOptions);
  refuseReserved(own, (field, message) => rendering.invalid(field, message));
  const body = {
    model: rendering.target.model,
    input: inputs,
    truncate,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...own,
  };
  return { path: "/api/embed", body, warnings: rendering.warnings };
}

class Embeddings implements WholeAnswer<Vectors> {
  model = "";
  readonly #attempt: Attempt<EmbedRequest>;

  constructor(attempt: Attempt<EmbedRequest>) {
    this.#attempt = attempt;
  }

  take(body: string, out: Piece<Vectors>[]): void {
    const answer = parseObject(body);
    if (answer === undefined) throw badResponse("bad_json", "sent a body that is not a JSON object");
    if (answer["error"] !== undefined && answer["error"] !== null) throw faultWithin(this.#attempt, body);
    this.model = textOf(answer["model"]);
    const { embeddings } = answer;
    if (!Array.isArray(embeddings)) throw badResponse("missing_vectors", "sent no vectors");
    out.push({
      case: "value",
      value: checkVectors(embeddings.map(vectorOf), this.#attempt.call.request.inputs.length),
    });
    const inputTokens = positionOf(answer["prompt_eval_count"]);
    const usage =
      inputTokens === undefined ? {} : { usage: create(UsageSchema, { inputTokens, source: UsageSource.PROVIDER }) };
    out.push({ case: "finished", value: create(StreamFinishedSchema, { finishReason: FinishReason.STOP, ...usage }) });
  }
}
