import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { encodeAnswer } from "../../services/answer-encoder.ts";
import type { CompletionHandlers } from "../../services/completion.ts";
import { decodeCompletion, decodeStreamCompletion } from "../../services/request-decoder.ts";
import { type GrpcMethod, streaming, unary } from "./transport.ts";

const { complete, streamComplete } = CompletionService.method;

const completion = { typeName: complete.input.typeName, decode: decodeCompletion };
const stream = { typeName: streamComplete.input.typeName, decode: decodeStreamCompletion };

/** The methods that are worth a way of their own, by path. */
export function hotMethods(handlers: CompletionHandlers): ReadonlyMap<string, GrpcMethod> {
  const path = (name: string) => `/${CompletionService.typeName}/${name}`;
  return new Map([
    [path(complete.name), unary(completion, (request, rpc) => handlers.complete(request, rpc), encodeAnswer)],
    [path(streamComplete.name), streaming(stream, (request, rpc) => handlers.streamComplete(request, rpc))],
  ]);
}
