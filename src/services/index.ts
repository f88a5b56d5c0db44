import type { ConnectRouter } from "@connectrpc/connect";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { SystemService } from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { type RerankRequest, RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Scores } from "../model/scores.ts";
import type { Vectors } from "../model/vectors.ts";
import type { CompletionHandlers } from "./completion.ts";
import { completionService } from "./completion-service.ts";
import { embeddingService } from "./embedding.ts";
import { healthService } from "./health.ts";
import { type ModelView, modelService } from "./models.ts";
import type { Readiness } from "./readiness.ts";
import { reflectionServices } from "./reflection.ts";
import { rerankService } from "./reranking.ts";
import { type SystemParts, systemService } from "./system.ts";
import type { RequestValidator } from "./validation.ts";
import type { ValueParts } from "./value-call.ts";

/** What the services work with. */
export interface RouteParts {
  readonly handlers: CompletionHandlers;
  readonly embedding: ValueParts<EmbedRequest, Vectors>;
  readonly reranking: ValueParts<RerankRequest, Scores>;
  readonly validator: RequestValidator;
  readonly models: () => ModelView;
  readonly system: SystemParts;
  readonly readiness: Readiness;
  /** Whether any provider can be reached. */
  readonly reach: Readiness;
  /** Serve reflection. */
  readonly reflection: boolean;
}

/** Every service of the gateway: one line each. */
export function routes({
  handlers,
  embedding,
  reranking,
  validator,
  models,
  system,
  readiness,
  reach,
  reflection,
}: RouteParts): (router: ConnectRouter) => void {
  const needy = [CompletionService, EmbeddingService, RerankService];
  const services = [...needy, ModelService, SystemService, Health];
  return (router) => {
    router.service(CompletionService, completionService(handlers));
    router.service(EmbeddingService, embeddingService(embedding));
    router.service(RerankService, rerankService(reranking));
    router.service(ModelService, modelService(models, validator));
    router.service(SystemService, systemService(system, validator));
    router.service(
      Health,
      healthService(
        readiness,
        services.map(({ typeName }) => typeName),
        { reach, services: needy.map(({ typeName }) => typeName) },
      ),
    );
    if (!reflection) return;
    const { v1, v1alpha } = reflectionServices([...services, ServerReflection, ServerReflectionAlpha]);
    router.service(ServerReflection, v1);
    router.service(ServerReflectionAlpha, v1alpha);
  };
}
