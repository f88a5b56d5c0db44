import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type EmbedRequest,
  EmbedRequestSchema,
  type EmbedResponse,
  EmbedResponseSchema,
  type Vector,
  VectorEncoding,
} from "../../gen/llmhub/v1/embedding_pb.ts";
import type { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import type { Rpc } from "../model/call.ts";
import type { Vectors } from "../model/vectors.ts";
import { rpcOf } from "./context.ts";
import { askForValue, type ValueParts } from "./value-call.ts";

/** EmbeddingService: texts become vectors, as many calls of the provider as that takes. */
export function embeddingService(parts: ValueParts<EmbedRequest, Vectors>): ServiceImpl<typeof EmbeddingService> {
  return { embed: (request, context) => embed(parts, request, rpcOf(context)) };
}

/** Carries out one request for vectors, whatever the transport. */
export async function embed(
  parts: ValueParts<EmbedRequest, Vectors>,
  request: EmbedRequest,
  rpc: Rpc,
): Promise<EmbedResponse> {
  const { result, usage, cost, routing } = await askForValue(parts, EmbedRequestSchema, request, rpc);
  const vectorOf = request.encoding === VectorEncoding.PACKED ? packed : plain;
  return create(EmbedResponseSchema, {
    vectors: result.value.map(vectorOf),
    dimensions: result.value[0]?.length ?? 0,
    usage,
    ...(cost === undefined ? {} : { cost }),
    routing,
    warnings: [...result.warnings],
  });
}

function plain(vector: Float32Array): Vector {
  return { $typeName: "llmhub.v1.Vector", values: Array.from(vector), packed: new Uint8Array() };
}

/** The machines that run Node.js keep numbers in memory as the wire wants them: little endian. */
function packed({ buffer, byteOffset, byteLength }: Float32Array): Vector {
  return { $typeName: "llmhub.v1.Vector", values: [], packed: new Uint8Array(buffer, byteOffset, byteLength) };
}
