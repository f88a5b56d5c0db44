import type { Code } from "@connectrpc/connect";

/** Names of the gRPC status codes, by number, as gRPC spells them. */
const names = [
  ..."OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED".split(" "),
  ..."RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE".split(" "),
  ..."DATA_LOSS UNAUTHENTICATED".split(" "),
];

/** Name of a status code in logs and metrics. Undefined means success. */
export function codeName(code: Code | undefined): string {
  return names[code ?? 0] ?? "UNKNOWN";
}
