import { create } from "@bufbuild/protobuf";
import {
  type CompleteResponse,
  PartDeltaSchema,
  PartFinishedSchema,
  PartStartedSchema,
  StreamFinishedSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import type { ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Chunk } from "./chunk.ts";

/** The chunks of a whole answer, with one delta for all that grows in a part: the inverse of Fold. */
export function unfold(response: CompleteResponse): Chunk[] {
  const { routing, warnings, logprobs } = response;
  const parts = response.message?.content ?? [];
  const chunks = parts.flatMap((part, index) => partChunks(index, part));
  if (logprobs.length > 0) chunks.push({ case: "partDelta", value: create(PartDeltaSchema, { logprobs }) });
  const { finishReason, nativeFinishReason, stopSequence, usage, cost, providerMetadata } = response;
  const last = { finishReason, nativeFinishReason, stopSequence, usage, cost, routing, warnings, providerMetadata };
  chunks.push({ case: "finished", value: create(StreamFinishedSchema, last) });
  return chunks;
}

function partChunks(index: number, part: ContentPart): Chunk[] {
  const { seed, delta, encryptedContent = "" } = split(part);
  const started = { ...part, part: seed, citations: [], signature: undefined };
  const { signature } = part;
  const chunks: Chunk[] = [{ case: "partStarted", value: create(PartStartedSchema, { index, part: started }) }];
  if (delta !== undefined) chunks.push({ case: "partDelta", value: create(PartDeltaSchema, { index, delta }) });
  for (const value of part.citations) {
    const citation = { case: "citation" as const, value };
    chunks.push({ case: "partDelta", value: create(PartDeltaSchema, { index, delta: citation }) });
  }
  chunks.push({ case: "partFinished", value: create(PartFinishedSchema, { index, signature, encryptedContent }) });
  return chunks;
}

interface Split {
  /** The part before it grew. */
  readonly seed: ContentPart["part"];
  readonly delta?: { case: "text" | "argumentsJson" | "reasoning" | "refusal"; value: string };
  readonly encryptedContent?: string;
}

function split({ part }: ContentPart): Split {
  switch (part.case) {
    case "text":
    case "refusal":
      return { seed: { ...part, value: "" }, delta: part };
    case "toolCall": {
      const seed = { case: part.case, value: { ...part.value, argumentsJson: "" } };
      return { seed, delta: { case: "argumentsJson", value: part.value.argumentsJson } };
    }
    case "reasoning": {
      const { text, encryptedContent } = part.value;
      const seed = { case: part.case, value: { ...part.value, text: "", encryptedContent: "" } };
      return { seed, delta: { case: "reasoning", value: text }, encryptedContent };
    }
    default:
      return { seed: part };
  }
}
