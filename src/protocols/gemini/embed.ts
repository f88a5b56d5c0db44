import type { JsonObject } from "@bufbuild/protobuf";
import type { EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import { objectOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { refuseFields, refuseReserved } from "../reserved-options.ts";
import { fault } from "./fault.ts";
import { modelPath } from "./model-name.ts";
import { taskTypeOf } from "./purpose.ts";
import { usageOf } from "./usage.ts";
import { type VectorsBody, vectorsReader } from "./vectors-answer.ts";
import { family } from "./wire.ts";

/** Texts that one batch takes. */
const textsMax = 100;

/** Embeddings of the Gemini API: one request for each text, in a batch. */
export const geminiEmbed: EmbedDialect = {
  name: "google-embeddings",
  textsMax: () => textsMax,
  render,
  read: (attempt) => vectorsReader(attempt, find),
  fault,
};

function render(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, dimensions, truncate } = rendering.request;
  const { model } = rendering.target;
  if (truncate) rendering.ignored("truncate", "whether long texts are cut is the model's own choice");
  const taskType = taskTypeOf(rendering);
  const settings = {
    ...(taskType === undefined ? {} : { taskType }),
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
    ...embedOptions(rendering),
  };
  const requests = inputs.map((text) => ({ model: `models/${model}`, content: { parts: [{ text }] }, ...settings }));
  return { path: modelPath(model, "batchEmbedContents"), body: { requests }, warnings: rendering.warnings };
}

/** The provider options of a request for vectors. Throws INVALID_REQUEST for those that would change what is asked. */
export function embedOptions(rendering: Rendering<EmbedRequest>): JsonObject {
  const options = rendering.options(rendering.request.providerOptions);
  refuseReserved(options, rendering);
  refuseFields(options, ["content"], rendering);
  return options;
}

function find(body: JsonObject): VectorsBody | undefined {
  const { embeddings } = body;
  if (!Array.isArray(embeddings)) return undefined;
  return {
    values: embeddings.map((embedding) => objectOf(embedding)?.["values"]),
    usage: usageOf(objectOf(body["usageMetadata"])),
  };
}
