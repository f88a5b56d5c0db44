import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { encodeAnswer } from "../../services/answer-encoder.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import { type GrpcMethod, streaming, unary } from "./transport.ts";

const { complete, streamComplete } = CompletionService.method;

/** The methods that are worth a way of their own, by path. */
export function hotMethods(handlers: CompletionHandlers): ReadonlyMap<string, GrpcMethod> {
  const path = (name: string) => `/${CompletionService.typeName}/${name}`;
  return new Map([
    [path(complete.name), unary(complete.input, (request, rpc) => handlers.complete(request, rpc), encodeAnswer)],
    [
      path(streamComplete.name),
      streaming(streamComplete.input, (request, rpc) => handlers.streamComplete(request, rpc)),
    ],
  ]);
}
