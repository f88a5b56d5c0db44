import type { Rpc } from "../../src/model/call.ts";

/** A remote call of Complete by nobody in particular. */
export function rpcWith(rest: Partial<Rpc> = {}): Rpc {
  return {
    method: "llmhub.v1.CompletionService/Complete",
    requestId: "r",
    caller: { keyId: "", tenantId: "", models: undefined },
    peerAddress: () => "",
    answerHeader: () => undefined,
    startMs: 0,
    deadlineMs: 60_000,
    signal: new AbortController().signal,
    ...rest,
  };
}
