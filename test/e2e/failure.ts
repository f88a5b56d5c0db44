import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { isServiceError } from "./grpc-js-client.ts";

/** A failed call as its caller sees it. */
export interface Failure {
  /** Number of the gRPC status. */
  readonly code: number;
  readonly message: string;
  readonly info: MessageShape<typeof ErrorInfoSchema> | undefined;
  readonly retry: MessageShape<typeof RetryInfoSchema> | undefined;
  readonly tried: MessageShape<typeof CompletionFailureSchema> | undefined;
}

/** What a client library throws, in one form. */
export function failureOf(thrown: unknown): Failure {
  if (isServiceError(thrown)) {
    const [value] = thrown.metadata.get("grpc-status-details-bin");
    const { details } = fromBinary(StatusSchema, Buffer.isBuffer(value) ? value : Buffer.alloc(0));
    return fromDetails(thrown.code, thrown.details, details);
  }
  const error = ConnectError.from(thrown);
  return {
    code: error.code,
    message: error.rawMessage,
    info: error.findDetails(ErrorInfoSchema)[0],
    retry: error.findDetails(RetryInfoSchema)[0],
    tried: error.findDetails(CompletionFailureSchema)[0],
  };
}

/** A failure out of the details of google.rpc.Status. */
export function fromDetails(code: number, message: string, details: readonly Any[]): Failure {
  const find = <D extends DescMessage>(schema: D): MessageShape<D> | undefined =>
    details.map((detail) => anyUnpack(detail, schema)).find((detail) => detail !== undefined);
  return {
    code,
    message,
    info: find(ErrorInfoSchema),
    retry: find(RetryInfoSchema),
    tried: find(CompletionFailureSchema),
  };
}
