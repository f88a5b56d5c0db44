import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { Vectors } from "../model/vectors.ts";
import type { CompletionHandlers } from "../services/completion.ts";
import type { ModelView } from "../services/models.ts";
import type { Readiness } from "../services/readiness.ts";
import type { RequestValidator } from "../services/validation.ts";
import type { ValueParts } from "../services/value-call.ts";
import { chatRoute } from "./chat/route.ts";
import { embeddingsRoute } from "./embeddings/route.ts";
import { completionRoutes } from "./hub/completions.ts";
import { probeRoutes } from "./hub/probes.ts";
import { providerRoute } from "./hub/providers.ts";
import { messagesRoutes } from "./messages/route.ts";
import { modelRoutes } from "./models/route.ts";
import { openApiRoutes } from "./openapi/route.ts";
import { responsesRoute } from "./responses/route.ts";
import type { Route } from "./route.ts";

/** What the surfaces work with: the same that the gRPC services do. */
export interface SurfaceParts {
  readonly handlers: CompletionHandlers;
  readonly embedding: ValueParts<EmbedRequest, Vectors>;
  readonly validator: RequestValidator;
  readonly models: () => ModelView;
  readonly readiness: Readiness;
}

/** Every path of plain HTTP: one line each. */
export function surfaceRoutes({ handlers, embedding, validator, models, readiness }: SurfaceParts): readonly Route[] {
  return [
    chatRoute(handlers),
    responsesRoute(handlers),
    ...messagesRoutes(handlers),
    embeddingsRoute(embedding),
    ...modelRoutes(models),
    ...completionRoutes(handlers),
    providerRoute(models, validator),
    ...probeRoutes(readiness),
    ...openApiRoutes(),
  ];
}
