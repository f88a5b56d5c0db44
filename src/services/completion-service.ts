import type { ServiceImpl } from "@connectrpc/connect";
import type { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import type { CompletionHandlers } from "./completion.ts";
import { rpcOf } from "./context.ts";

/** CompletionService for Connect, gRPC-Web and whatever else does not come by the hot way. */
export function completionService(handlers: CompletionHandlers): ServiceImpl<typeof CompletionService> {
  return {
    complete: (request, context) => handlers.complete(request, rpcOf(context)),
    countTokens: (request, context) => handlers.countTokens(request, rpcOf(context)),
    async *streamComplete(request, context) {
      let sequence = 0;
      for await (const batch of handlers.streamComplete(request, rpcOf(context))) {
        for (const event of batch) {
          // Heartbeats have no place in the sequence: they are not replayed.
          yield { sequence: event.case === "heartbeat" ? 0 : ++sequence, event };
        }
      }
    },
  };
}
