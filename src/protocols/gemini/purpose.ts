import { EmbeddingPurpose, type EmbedRequest } from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Rendering } from "../rendering.ts";

const taskTypes: ReadonlyMap<EmbeddingPurpose, string> = new Map([
  [EmbeddingPurpose.DOCUMENT, "RETRIEVAL_DOCUMENT"],
  [EmbeddingPurpose.QUERY, "RETRIEVAL_QUERY"],
  [EmbeddingPurpose.SIMILARITY, "SEMANTIC_SIMILARITY"],
  [EmbeddingPurpose.CLASSIFICATION, "CLASSIFICATION"],
  [EmbeddingPurpose.CLUSTERING, "CLUSTERING"],
]);

/** Models since Gemini Embedding 2 overlook the field: they read the task as words before the text. */
export function isTaskInText(model: string): boolean {
  return /gemini-embedding-(?!001|exp)/.test(model);
}

/** The task that the vectors are for, in the words of the API; undefined where the model is not told. */
export function taskTypeOf(rendering: Rendering<EmbedRequest>): string | undefined {
  const taskType = taskTypes.get(rendering.request.purpose);
  if (taskType === undefined || !isTaskInText(rendering.target.model)) return taskType;
  rendering.ignored(
    "purpose",
    "the model takes the task as words before each text, such as: task: search result | query:",
  );
  return undefined;
}
