import { chatError } from "../chat/answer-schema.ts";
import type { Documented } from "../docs.ts";
import { embeddingsAnswer, embeddingsBody } from "./schema.ts";

/** What the description of the API says of embeddings. */
export const embeddingsDocs = {
  "POST /v1/embeddings": {
    tag: "OpenAI-compatible",
    operationId: "createEmbeddings",
    summary: "Turn texts into vectors",
    description:
      "OpenAI's embeddings, whatever the provider behind. Lists of tokens are not taken. Fields that are not listed are " +
      "left to the provider.",
    request: [embeddingsBody],
    answer: [embeddingsAnswer],
    errors: [chatError],
    heedsIdempotencyKey: true,
    tellsFacts: true,
    examples: {
      texts: { summary: "Two texts", body: { model: "simulator/embedding", input: ["red", "blue"] } },
      base64: {
        summary: "One text, its vector in base64",
        body: { model: "simulator/embedding", input: "red", encoding_format: "base64" },
      },
    },
  },
} as const satisfies Documented;
