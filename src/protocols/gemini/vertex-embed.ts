import { create, type JsonObject } from "@bufbuild/protobuf";
import type { EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { UsageSchema, UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { EmbedDialect, Rendered } from "../../model/protocol.ts";
import { numberOf, objectOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { embedOptions } from "./embed.ts";
import { fault } from "./fault.ts";
import { modelPath } from "./model-name.ts";
import { isTaskInText, taskTypeOf } from "./purpose.ts";
import { usageOf } from "./usage.ts";
import { type VectorsBody, vectorsReader } from "./vectors-answer.ts";
import { family } from "./wire.ts";

/** Texts of the longest that a model reads, 2,048 tokens, within the 20,000 tokens that one request takes. */
const textsMax = 9;

/** Embeddings of Vertex AI by :predict, several texts at once but for Gemini's model. */
const predicted: EmbedDialect = {
  name: "google-predict",
  textsMax: (model) => (model.startsWith("gemini") ? 1 : textsMax),
  render: renderPredict,
  read: (attempt) => vectorsReader(attempt, predictions),
  fault,
};

/** Embeddings of Vertex AI by :embedContent, one text at a time. */
const contentEmbed: EmbedDialect = {
  name: "google-embed-content",
  textsMax: () => 1,
  render: renderContent,
  read: (attempt) => vectorsReader(attempt, embedding),
  fault,
};

/** The dialect in which Vertex AI serves an embedding model. */
export function vertexEmbed(model: string): EmbedDialect {
  return isTaskInText(model) ? contentEmbed : predicted;
}

function renderPredict(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, dimensions, truncate } = rendering.request;
  const taskType = taskTypeOf(rendering);
  const instances = inputs.map((content) => ({ content, ...(taskType === undefined ? {} : { task_type: taskType }) }));
  const parameters = {
    autoTruncate: truncate,
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
    ...embedOptions(rendering),
  };
  return {
    path: `/publishers/google${modelPath(rendering.target.model, "predict")}`,
    body: { instances, parameters },
    warnings: rendering.warnings,
  };
}

function renderContent(attempt: Attempt<EmbedRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { inputs, dimensions, truncate } = rendering.request;
  taskTypeOf(rendering);
  const embedContentConfig = {
    autoTruncate: truncate,
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
    ...embedOptions(rendering),
  };
  return {
    path: `/publishers/google${modelPath(rendering.target.model, "embedContent")}`,
    body: { content: { parts: inputs.map((text) => ({ text })) }, embedContentConfig },
    warnings: rendering.warnings,
  };
}

function predictions(body: JsonObject): VectorsBody | undefined {
  const list = body["predictions"];
  if (!Array.isArray(list)) return undefined;
  const embeddings = list.map((prediction) => objectOf(objectOf(prediction)?.["embeddings"]) ?? {});
  const counts = embeddings.map(({ statistics }) => numberOf(objectOf(statistics)?.["token_count"]) ?? 0);
  const inputTokens = counts.reduce((sum, count) => sum + count, 0);
  return {
    values: embeddings.map(({ values }) => values),
    usage: inputTokens === 0 ? undefined : create(UsageSchema, { inputTokens, source: UsageSource.PROVIDER }),
  };
}

function embedding(body: JsonObject): VectorsBody | undefined {
  const { values } = objectOf(body["embedding"]) ?? {};
  return values === undefined ? undefined : { values: [values], usage: usageOf(objectOf(body["usageMetadata"])) };
}
