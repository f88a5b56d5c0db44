import type { JsonObject } from "@bufbuild/protobuf";
import type { RerankRequest } from "../../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Reader, Rendered, RerankDialect } from "../../model/protocol.ts";
import type { Scores } from "../../model/scores.ts";
import { faultOf } from "../chat-completions/fault.ts";
import { family } from "../chat-completions/wire.ts";
import { readInputUsage } from "../input-usage.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { scoresOf } from "../score.ts";
import { readValue } from "../value-answer.ts";

/** A request body; servers add fields of their own. */
export interface RerankBody extends JsonObject {
  readonly model: string;
  readonly query: string;
  readonly documents: string[];
}

/** The dialect in which vLLM, Jina, Together and others rerank beside OpenAI's operations, which have no such one. */
export const rerank: RerankDialect = { name: "rerank", render: renderRerank, read: readRerank, fault: faultOf };

/** The request; the gateway knows the texts and does not want them back. */
export function renderRerank(
  attempt: Attempt<RerankRequest>,
  rendering = new Rendering(attempt, family),
): Rendered<RerankBody> {
  const { request, target } = rendering;
  const { query, documents, topN } = request;
  const options = rendering.options(request.providerOptions);
  refuseReserved(options, rendering);
  const body = {
    model: target.model,
    query,
    documents,
    ...(topN === undefined ? {} : { top_n: topN }),
    return_documents: false,
    ...options,
  };
  return { path: "/rerank", body, warnings: rendering.warnings };
}

/** Reads scores out of `results`, or out of `data`, as some servers call the list. */
function readRerank(attempt: Attempt<RerankRequest>): Reader<Scores> {
  const { length } = attempt.call.request.documents;
  return readValue(attempt, ({ results, data, usage }) => ({
    value: scoresOf(results ?? data, length),
    usage: readInputUsage(usage),
  }));
}
