import type { DescFile, DescService } from "@bufbuild/protobuf";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_google_rpc_status } from "../../gen/google/rpc/status_pb.ts";
import type * as v1 from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import type * as v1alpha from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_llmhub_v1_completion } from "../../gen/llmhub/v1/completion_pb.ts";
import { file_llmhub_v1_error_reason } from "../../gen/llmhub/v1/error_reason_pb.ts";
import { DescriptorIndex } from "./descriptor-index.ts";

/** Files that no rpc refers to: tools show the details of an error only when they can look up their types. */
const errorDetailFiles = [
  file_google_rpc_error_details,
  file_google_rpc_status,
  file_llmhub_v1_completion,
  file_llmhub_v1_error_reason,
];

/** Server reflection in both of its versions, which differ in nothing but their package. */
export interface ReflectionServices {
  readonly v1: ServiceImpl<typeof v1.ServerReflection>;
  readonly v1alpha: ServiceImpl<typeof v1alpha.ServerReflection>;
}

/**
 * Tells tools such as grpcurl what is served: `services` by name, and the files of these, of error details, and of all
 * they import. Everything told is public API, nothing of it configuration.
 */
export function reflectionServices(services: readonly DescService[]): ReflectionServices {
  const index = new DescriptorIndex([...services.map(({ file }) => file), ...errorDetailFiles]);
  const listed = services.map(({ typeName }) => ({ name: typeName })).sort((a, b) => (a.name < b.name ? -1 : 1));

  async function* serverReflectionInfo<Request extends AnyRequest>(requests: AsyncIterable<Request>) {
    const sent = new Set<DescFile>();
    for await (const request of requests) {
      const messageResponse = answer(request.messageRequest, index, listed, sent);
      yield { validHost: request.host, originalRequest: request, messageResponse };
    }
  }
  return { v1: { serverReflectionInfo }, v1alpha: { serverReflectionInfo } };
}

type AnyRequest = v1.ServerReflectionRequest | v1alpha.ServerReflectionRequest;

type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "errorResponse"; value: { errorCode: Code; errorMessage: string } };

function answer(
  asked: AnyRequest["messageRequest"],
  index: DescriptorIndex,
  service: { name: string }[],
  sent: Set<DescFile>,
): Answer {
  switch (asked.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service } };
    case "fileByFilename":
      return files(index.file(asked.value), `file ${asked.value}`, index, sent);
    case "fileContainingSymbol":
      return files(index.fileOfSymbol(asked.value), `symbol ${asked.value}`, index, sent);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = asked.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return files(file, `extension ${extensionNumber} of ${containingType}`, index, sent);
    }
    case "allExtensionNumbersOfType": {
      const numbers = index.extensionNumbers(asked.value);
      if (numbers === undefined) return refusal(Code.NotFound, `unknown message ${asked.value}`);
      const value = { baseTypeName: asked.value, extensionNumber: [...numbers] };
      return { case: "allExtensionNumbersResponse", value };
    }
    default:
      return refusal(Code.InvalidArgument, "the request asks for nothing that this server knows. Set message_request");
  }
}

/** The file, first in the list because tools rely on it, and of its imports those that this stream has not brought yet. */
function files(file: DescFile | undefined, wanted: string, index: DescriptorIndex, sent: Set<DescFile>): Answer {
  if (file === undefined) return refusal(Code.NotFound, `unknown ${wanted}`);
  const fresh = [file];
  sent.add(file);
  for (const next of fresh) {
    for (const dependency of next.dependencies) {
      if (sent.has(dependency)) continue;
      sent.add(dependency);
      fresh.push(dependency);
    }
  }
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: fresh.map((each) => index.bytesOf(each)) } };
}

function refusal(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
