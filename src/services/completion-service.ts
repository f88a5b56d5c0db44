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
      const events = handlers.streamComplete(request, rpcOf(context));
      let sequence = events.after;
      try {
        for await (const batch of events) {
          if (events.keeps) events.encode(batch);
          for (const event of batch) {
            // Heartbeats have no place in the sequence: they are not replayed.
            yield { sequence: event.case === "heartbeat" ? 0 : ++sequence, event };
          }
        }
      } finally {
        // Also after a failure, of which a loop does not tell its source.
        await events.return();
      }
    },
  };
}
