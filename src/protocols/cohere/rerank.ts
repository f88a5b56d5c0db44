import type { RerankRequest } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Reader, Rendered, RerankDialect } from "../../model/protocol.ts";
import type { Scores } from "../../model/scores.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { scoresOf } from "../score.ts";
import { readValue } from "../value-answer.ts";
import { fault, faultIn } from "./fault.ts";
import { usageOf } from "./usage.ts";
import { family } from "./wire.ts";

/** Reranking by /v2/rerank. */
export const cohereRerank: RerankDialect = {
  name: "cohere-rerank",
  render,
  read,
  fault,
};

function render(attempt: Attempt<RerankRequest>): Rendered {
  const rendering = new Rendering(attempt, family);
  const { query, documents, topN, providerOptions } = rendering.request;
  const own = rendering.options(providerOptions);
  refuseReserved(own, rendering);
  const body = {
    model: rendering.target.model,
    query,
    documents,
    ...(topN === undefined ? {} : { top_n: topN }),
    ...own,
  };
  return { path: "/v2/rerank", body, warnings: rendering.warnings };
}

function read(attempt: Attempt<RerankRequest>): Reader<Scores> {
  const { length } = attempt.call.request.documents;
  return readValue(
    attempt,
    ({ results, meta }) => ({ value: scoresOf(results, length), usage: usageOf(meta) }),
    faultIn,
  );
}
