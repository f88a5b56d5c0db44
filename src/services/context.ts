import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Caller, Rpc } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";

/** Where the mount leaves what it knows of a call before the handler runs. */
export const rpcKey = createContextKey<Rpc | undefined>(undefined, { description: "rpc" });

/** The call as the mount saw it. Refuses to go on without: a handler that was mounted without identity must not answer. */
export function rpcOf(context: Pick<HandlerContext, "values">): Rpc {
  const rpc = context.values.get(rpcKey);
  if (rpc !== undefined) return rpc;
  throw GatewayError.of(new Error("the service is mounted without the gate that sets rpcKey"));
}

/** Who asks. */
export function callerOf(context: Pick<HandlerContext, "values">): Caller {
  return rpcOf(context).caller;
}
