import type { RerankRequest } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered, RerankDialect } from "../../model/protocol.ts";
import { Rendering } from "../../protocols/rendering.ts";
import { type RerankBody, renderRerank, rerank } from "../../protocols/rerank/protocol.ts";
import { faultOfVoyage } from "./fault.ts";

/** Reranking as Voyage takes it, which calls the number of results by another name. */
export const voyageRerank: RerankDialect = {
  ...rerank,
  name: "voyage-rerank",
  render: renderVoyage,
  fault: faultOfVoyage,
};

function renderVoyage(attempt: Attempt<RerankRequest>): Rendered<RerankBody> {
  const { body, ...rendered } = renderRerank(attempt, new Rendering(attempt, "voyage"));
  const { top_n, ...rest } = body;
  return { ...rendered, body: top_n === undefined ? rest : { ...rest, top_k: top_n } };
}
