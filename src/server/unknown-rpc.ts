import { createRegistry } from "@bufbuild/protobuf";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { GatewayError } from "../model/error.ts";
import type { AnyRequest, AnyResponse } from "./request-handler.ts";

const welcome = `LLM Connector Hub
This port speaks gRPC (HTTP/2), Connect and gRPC-Web, for example
  POST /llmhub.v1.CompletionService/Complete
`;

/**
 * Answers what no service serves: calls get FEATURE_DISABLED in the protocol they came in, everybody else a line of
 * text. Needs no key: it tells nothing that the published API does not.
 */
export function answerUnknown(request: AnyRequest, response: AnyResponse): void {
  const path = request.url?.split("?", 1)[0] ?? "";
  const type = request.headers["content-type"] ?? "";
  if (request.method === "POST" && type.startsWith("application/grpc")) answerGrpc(path, type, response);
  else if (request.method === "POST" && /^application\/(connect\+)?(json|proto)\b/.test(type))
    answerConnect(path, response);
  else if ((request.method === "GET" || request.method === "HEAD") && path === "/") answerText(response, 200, welcome);
  else answerText(response, 404, "There is nothing here. GET / says what this port speaks.\n");
}

/** In trailers for gRPC, which looks for the status there; in headers for gRPC-Web, which need not be able to see trailers. */
function answerGrpc(path: string, type: string, response: AnyResponse): void {
  const status = Object.fromEntries(setTrailerStatus(new Headers(), unknownRpc(path)));
  if (type.startsWith("application/grpc-web")) {
    response.writeHead(200, { "content-type": type, ...status });
  } else {
    response.writeHead(200, { "content-type": type });
    response.addTrailers(status);
  }
  response.end();
}

/** 404 is what Connect clients read as "unimplemented" even where they cannot read the body. */
function answerConnect(path: string, response: AnyResponse): void {
  const registry = createRegistry(file_google_rpc_error_details);
  const body = errorToJsonBytes(unknownRpc(path), { registry });
  response.writeHead(404, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

function answerText(response: AnyResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function unknownRpc(path: string): GatewayError {
  return new GatewayError("FEATURE_DISABLED", "there is no such rpc here - compare service and method with the API", {
    metadata: { feature: path.slice(1, 129) },
  });
}
