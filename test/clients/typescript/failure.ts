import { setTimeout as wait } from "node:timers/promises";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";

/** What the gateway says of a call that failed. */
export function failureOf(thrown: unknown) {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [request] = error.findDetails(BadRequestSchema);
  const [tried] = error.findDetails(CompletionFailureSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const retryMs = retry?.retryDelay && durationMs(retry.retryDelay);
  return { code: error.code, metadata: error.metadata, info, request, tried, retryMs };
}

/** Repeats a call exactly when the gateway says that it may help, after the time that it says. */
export async function retrying<T>(attempts: number, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { retryMs } = failureOf(error);
      if (retryMs === undefined || attempt === attempts) throw error;
      await wait(retryMs);
    }
  }
}
