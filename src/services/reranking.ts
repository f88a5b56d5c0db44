import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type RerankRequest,
  RerankRequestSchema,
  RerankResponseSchema,
  type RerankService,
} from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Scores } from "../model/scores.ts";
import { rpcOf } from "./context.ts";
import { askForValue, type ValueParts } from "./value-call.ts";

/** RerankService: documents in the order in which they fit a query. */
export function rerankService(parts: ValueParts<RerankRequest, Scores>): ServiceImpl<typeof RerankService> {
  return {
    async rerank(request, context) {
      const { result, usage, cost, routing } = await askForValue(parts, RerankRequestSchema, request, rpcOf(context));
      const { documents, returnDocuments, topN = documents.length } = request;
      const best = result.value.toSorted((a, b) => b.score - a.score).slice(0, topN);
      return create(RerankResponseSchema, {
        results: best.map(({ index, score }) => ({
          index,
          score,
          document: returnDocuments ? (documents[index] ?? "") : "",
        })),
        usage,
        ...(cost === undefined ? {} : { cost }),
        routing,
        warnings: [...result.warnings],
      });
    },
  };
}
