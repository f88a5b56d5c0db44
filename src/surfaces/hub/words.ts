import { createRegistry, type JsonObject } from "@bufbuild/protobuf";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import { file_google_rpc_error_details } from "../../../gen/google/rpc/error_details_pb.ts";
import { file_llmhub_v1_completion } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { GatewayError } from "../../model/error.ts";
import { httpStatusOf } from "../http-status.ts";
import type { Words } from "../route.ts";

/** What details of errors may hold. */
const registry = createRegistry(file_google_rpc_error_details, file_llmhub_v1_completion);

/** Errors in the JSON of Connect: code, message, details. In a stream they are the data of an event "error". */
export const hubWords: Words = {
  failure: (error) => ({ status: httpStatusOf(error.reason), body: bodyOf(error) }),
  broken: (error) => `event: error\ndata: ${JSON.stringify(bodyOf(error))}\n\n`,
};

function bodyOf(error: GatewayError): JsonObject {
  return errorToJson(error, { registry });
}
