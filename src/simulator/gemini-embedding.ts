import { type Asking, BadRequest, type EmbedAnswer, type EmbedAsk } from "./dialect.ts";
import { modelCall, partsOf } from "./gemini-request.ts";
import { type JsonObject, list, number, object, string } from "./json.ts";

const textsMax = 100;

/** Operations that make vectors: of the Gemini API in batches, of Vertex AI by :predict or one at a time. */
export const embedVerbs: ReadonlySet<string> = new Set(["batchEmbedContents", "predict", "embedContent"]);

/** A request for vectors in any of the three forms. */
export function readTexts(body: JsonObject, { path }: Asking): EmbedAsk {
  const { model = "" } = modelCall(path) ?? {};
  const requests = list(body["requests"]).map(object);
  const texts =
    body["instances"] !== undefined
      ? list(body["instances"]).map((instance) => string(object(instance)["content"]))
      : (body["content"] === undefined ? requests : [body]).map((request) => textOf(object(request["content"])));
  if (texts.length === 0) throw new BadRequest("* BatchEmbedContentsRequest.requests: requests is not specified\n");
  if (texts.length > textsMax) {
    throw new BadRequest(`* BatchEmbedContentsRequest.requests: at most ${textsMax} requests can be in one batch\n`);
  }
  const settings = object(body["parameters"] ?? body["embedContentConfig"] ?? requests[0] ?? body);
  return { model, texts, dimensions: number(settings["outputDimensionality"]) };
}

/** The vectors in the form that was asked in. */
export function vectorsBody({ body, vectors, inputTokens }: EmbedAnswer): unknown {
  const embeddings = vectors.map((values) => ({ values }));
  if (body["content"] !== undefined) {
    return { embedding: embeddings[0], usageMetadata: { promptTokenCount: inputTokens, totalTokenCount: inputTokens } };
  }
  if (body["instances"] === undefined) return { embeddings };
  const share = Math.ceil(inputTokens / vectors.length);
  return {
    predictions: embeddings.map((one) => ({
      embeddings: { ...one, statistics: { token_count: share, truncated: false } },
    })),
  };
}

function textOf(content: JsonObject): string {
  return partsOf(content)
    .map((part) => string(part["text"]))
    .join("\n");
}
