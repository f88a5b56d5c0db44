import type { RerankRequest } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import { UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { estimateInput, estimateTokens } from "../../model/estimate.ts";
import type { Rendered, RerankDialect } from "../../model/protocol.ts";
import type { Piece } from "../../model/reply.ts";
import type { Scores } from "../../model/scores.ts";
import { badResponse } from "../bad-response.ts";
import { fault } from "../converse/fault.ts";
import { modelPath, vendorOf } from "../converse/model-id.ts";
import { family } from "../converse/wire.ts";
import { parseObject } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { scoresOf } from "../score.ts";
import { WholeReader } from "../whole-reader.ts";
import { finished } from "./finished.ts";

/** Of Cohere's API, which its model wants to be told. */
const cohereVersion = 2;

/** Chunks of documents that AWS charges as one search, and the tokens of a chunk, of which the query takes a part. */
const searchChunks = 100;
const chunkTokens = 512;

/** Cohere Rerank and Amazon Rerank. Neither tells what it used, which is estimated by AWS's rule for what it charges. */
export const invokedRerank: RerankDialect = {
  name: "rerank-invoke",
  render,
  read: ({ call }) => new WholeReader<Scores>({ model: "", take: (body, out) => take(body, call.request, out) }),
  fault,
};

function render(attempt: Attempt<RerankRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { query, documents, topN, providerOptions } = rendering.request;
  const { model } = rendering.target;
  const body = {
    query,
    documents,
    ...(vendorOf(model) === "cohere" ? { api_version: cohereVersion } : {}),
    ...(topN === undefined ? {} : { top_n: topN }),
    ...rendering.options(providerOptions),
  };
  return { path: modelPath(model, "invoke"), body, warnings: rendering.warnings };
}

function take(body: string, request: RerankRequest, out: Piece<Scores>[]): void {
  const answer = parseObject(body);
  if (answer === undefined) throw badResponse("bad_json", "sent something that is not a JSON object");
  out.push({ case: "value", value: scoresOf(answer["results"], request.documents.length) });
  const searchUnits = Math.ceil(chunksOf(request) / searchChunks);
  out.push(finished({ inputTokens: estimateInput(request), searchUnits, source: UsageSource.ESTIMATED }));
}

function chunksOf({ query, documents }: RerankRequest): number {
  const ofQuery = estimateTokens(query);
  return documents.reduce((sum, text) => sum + Math.ceil((ofQuery + estimateTokens(text)) / chunkTokens), 0);
}
