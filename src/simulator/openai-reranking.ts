import { BadRequest, type Dialect, type RerankAnswer, type RerankAsk } from "./dialect.ts";
import { identifier } from "./identifier.ts";
import { isObject, type JsonObject, list, number, string } from "./json.ts";

/** Reranking as vLLM, Jina and Together have it beside OpenAI's operations; Voyage calls the number of results top_k. */
export const reranking: NonNullable<Dialect["reranking"]> = { read, whole };

function read(body: JsonObject): RerankAsk {
  const documents = list(body["documents"]).map((each) => (isObject(each) ? string(each["text"]) : string(each)));
  if (string(body["model"]) === "") throw new BadRequest("you must provide a model parameter");
  if (string(body["query"]) === "") throw new BadRequest("Missing required parameter: 'query'.", "query");
  if (documents.length === 0) throw new BadRequest("Missing required parameter: 'documents'.", "documents");
  const topN = number(body["top_n"] ?? body["top_k"]);
  if (topN !== undefined && !(topN >= 1)) throw new BadRequest("'top_n' must be at least 1.", "top_n");
  return { model: string(body["model"]), query: string(body["query"]), documents, topN };
}

function whole({ ask, results, inputTokens, seed }: RerankAnswer): unknown {
  return {
    id: `rerank-${identifier(seed, "id", 24)}`,
    model: ask.model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
    results: results.map(({ index, score }) => ({ index, relevance_score: score })),
  };
}
