import { create, type JsonObject } from "@bufbuild/protobuf";
import {
  type EmbedRequest,
  EmbedRequestSchema,
  type EmbedResponse,
  VectorEncoding,
} from "../../../gen/llmhub/v1/embedding_pb.ts";
import type { Vectors } from "../../model/vectors.ts";
import { family } from "../../protocols/chat-completions/wire.ts";
import { embed } from "../../services/embedding.ts";
import type { ValueParts } from "../../services/value-call.ts";
import { isGiven, otherFields, readBody } from "../body.ts";
import { chatWords } from "../chat/words.ts";
import { addOptions, readOwn } from "../own-fields.ts";
import { always, type JsonBody, type Route } from "../route.ts";
import { toldFacts } from "../told-facts.ts";
import { embeddingsBody, embeddingsFields, ownFields } from "./schema.ts";

/** OpenAI's embeddings, whatever the provider behind. */
export function embeddingsRoute(parts: ValueParts<EmbedRequest, Vectors>): Route {
  return {
    method: "POST",
    path: "/v1/embeddings",
    chained: true,
    words: always(chatWords),
    read: (body) => {
      const request = readEmbeddings(body);
      return async (rpc) => {
        const response = await embed(parts, request, rpc);
        const headers = toldFacts(response);
        return { kind: "whole", body: JSON.stringify(embeddingList(response)), headers };
      };
    },
  };
}

function readEmbeddings({ value }: JsonBody): EmbedRequest {
  const body = readBody(embeddingsBody, value);
  const { model, input, encoding_format, dimensions, user, llmhub } = body;
  const request = readOwn(EmbedRequestSchema, llmhub, ownFields) ?? create(EmbedRequestSchema);
  const own = request.providerOptions;
  request.model = model ?? "";
  request.inputs = typeof input === "string" ? [input] : input;
  request.encoding = encoding_format === "base64" ? VectorEncoding.PACKED : VectorEncoding.FLOAT;
  if (typeof dimensions === "number") request.dimensions = dimensions;
  const others = otherFields(body as JsonObject, embeddingsFields);
  // The hub's request has no end user.
  const options = { ...others, ...(isGiven(user) ? { user } : {}) };
  request.providerOptions = Object.keys(options).length === 0 ? {} : { [family]: options };
  addOptions(request.providerOptions, own);
  return request;
}

function embeddingList({ vectors, routing, usage }: EmbedResponse): object {
  const tokens = usage?.inputTokens ?? 0;
  return {
    object: "list",
    data: vectors.map(({ values, packed }, index) => ({
      object: "embedding",
      index,
      embedding: packed.length > 0 ? Buffer.from(packed).toString("base64") : values,
    })),
    model: routing?.model ?? "",
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
