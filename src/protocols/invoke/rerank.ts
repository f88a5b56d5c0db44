import type { RerankRequest } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Attempt } from "../../model/call.ts";
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

/** Cohere Rerank and Amazon Rerank. Neither tells what it used. */
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

function take(body: string, { documents }: RerankRequest, out: Piece<Scores>[]): void {
  const answer = parseObject(body);
  if (answer === undefined) throw badResponse("bad_json", "sent something that is not a JSON object");
  out.push({ case: "value", value: scoresOf(answer["results"], documents.length) });
  out.push(finished());
}
