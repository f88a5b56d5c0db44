import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import type { Piece } from "../../model/reply.ts";
import type { Vectors } from "../../model/vectors.ts";
import { badResponse } from "../bad-response.ts";
import { fault } from "../converse/fault.ts";
import { modelPath } from "../converse/model-id.ts";
import { family } from "../converse/wire.ts";
import { parseObject, positionOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { checkVectors, vectorOf } from "../vector.ts";
import { WholeReader } from "../whole-reader.ts";
import { finished } from "./finished.ts";

/** Amazon Titan Embeddings: one text at a time. */
export const titanEmbed: EmbedDialect = {
  name: "titan-embed",
  render,
  read: () => new WholeReader<Vectors>({ model: "", take }),
  fault,
  textsMax: () => 1,
};

function render(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, purpose, truncate, providerOptions } = rendering.request;
  if (purpose !== EmbeddingPurpose.UNSPECIFIED) rendering.ignored("purpose", "the model makes one kind of vectors");
  if (truncate) rendering.ignored("truncate", "a text that is too long is refused");
  const body = { inputText: inputs[0], ...sizeOf(rendering), ...rendering.options(providerOptions) };
  return { path: modelPath(rendering.target.model, "invoke"), body, warnings: rendering.warnings };
}

function sizeOf(rendering: Rendering<EmbedRequest>): object {
  const { dimensions } = rendering.request;
  const { model } = rendering.target;
  if (dimensions === undefined) return {};
  if (/titan-embed-image/.test(model)) return { embeddingConfig: { outputEmbeddingLength: dimensions } };
  if (/titan-embed-text-v[2-9]/.test(model)) return { dimensions };
  rendering.ignored("dimensions", "the length of vectors cannot be chosen");
  return {};
}

function take(body: string, out: Piece<Vectors>[]): void {
  const answer = parseObject(body);
  if (answer === undefined) throw badResponse("bad_json", "sent something that is not a JSON object");
  out.push({ case: "value", value: checkVectors([vectorOf(answer["embedding"])], 1) });
  const inputTokens = positionOf(answer["inputTextTokenCount"]);
  out.push(finished(inputTokens === undefined ? undefined : { inputTokens, source: UsageSource.PROVIDER }));
}
