import { GatewayError } from "../../model/error.ts";
import { invalidRequest } from "../bad-request.ts";

/** There is nothing to resume, or not for this API key, which is not told apart. */
export function unknownToken(): GatewayError {
  return new GatewayError(
    "RESUME_TOKEN_INVALID",
    "the stream of this resume token is not known, or what comes next is not kept any more - begin a new stream",
  );
}

/** The caller claims to have events that there are not. */
export function beyondEnd(sequence: number): GatewayError {
  return invalidRequest([
    {
      field: "resume.after_sequence",
      reason: "resume.after_sequence",
      description: `is beyond the newest event of the stream, which is ${sequence}`,
    },
  ]);
}

/** A reader whose place another has taken. */
export function superseded(): GatewayError {
  return new GatewayError("CANCELLED", "another call has resumed the stream");
}

/** Nobody came back. */
export function graceOver(graceMs: number): GatewayError {
  return new GatewayError("CANCELLED", `the caller went away, and nobody resumed the stream within ${graceMs} ms`);
}

/** The replica that carried the stream out has gone in the middle of it. */
export function writerGone(): GatewayError {
  return new GatewayError("STREAM_INTERRUPTED", "the gateway that served the stream is gone - begin a new stream", {
    metadata: { cause: "gateway_lost" },
  });
}

/** What replicas share cannot be asked. */
export function logUnavailable(cause: unknown): GatewayError {
  return new GatewayError("GATEWAY_DEPENDENCY_UNAVAILABLE", "the streams of other replicas cannot be reached", {
    cause,
  });
}

/** A resumed stream whose events had to go for others. */
export function evicted(): GatewayError {
  return new GatewayError("GATEWAY_OVERLOADED", "the memory for streams is full - begin a new stream");
}
