import { create } from "@bufbuild/protobuf";
import {
  type CompleteRequest,
  type CompleteResponse,
  CompleteResponseSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import type { Rpc } from "../../../src/model/call.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import type { GatewayError } from "../../../src/model/error.ts";
import { Admission, type AdmissionOptions } from "../../../src/server/admission.ts";
import { connectHandler } from "../../../src/server/connect.ts";
import { type GrpcLimits, GrpcTransport, streaming, unary } from "../../../src/server/grpc/transport.ts";
import { Listener } from "../../../src/server/listener.ts";
import { encodeAnswer } from "../../../src/services/answer-encoder.ts";
import { PassingEvents } from "../../../src/services/event-stream.ts";
import { decodeCompletion, decodeStreamCompletion } from "../../../src/services/request-decoder.ts";
import type { Rejection } from "../../../src/telemetry/rejections.ts";
import { memoryLogger } from "../../support/memory-logger.ts";

/** Paths of the two hot methods. */
export const paths = {
  complete: `/${CompletionService.typeName}/Complete`,
  stream: `/${CompletionService.typeName}/StreamComplete`,
} as const;

/** What a test puts behind the transport. */
export interface HotEdgeOptions {
  readonly complete?: (request: CompleteRequest, rpc: Rpc) => Promise<CompleteResponse>;
  readonly stream?: (rpc: Rpc) => AsyncIterableIterator<readonly Chunk[]>;
  readonly limits?: Partial<GrpcLimits>;
  readonly admission?: Partial<AdmissionOptions>;
}

const usual: GrpcLimits = {
  requestBytesMax: 64 * 1024,
  responseBytesMax: 64 * 1024,
  bodyTimeoutMs: 10_000,
  writeStallMs: 60_000,
};

/** A listening port whose hot methods a test answers; everything else goes the general way, which answers "general". */
export class HotEdge implements AsyncDisposable {
  readonly admission: Admission;
  /** Calls that ended before a handler saw them. */
  readonly rejected: { readonly rejection: Rejection; readonly error: GatewayError }[] = [];
  readonly #listener: Listener;
  #port = 0;

  private constructor({ complete = echo, stream = nothing, limits, admission }: HotEdgeOptions) {
    const now = () => performance.now();
    const log = memoryLogger();
    this.admission = new Admission({
      keys: () => undefined,
      adminWithoutKey: () => false,
      deadlineMaxMs: 600_000,
      draining: () => false,
      now,
      ...admission,
    });
    const all = { ...usual, ...limits };
    const transport = new GrpcTransport({
      methods: new Map([
        [
          paths.complete,
          unary({ typeName: "llmhub.v1.CompleteRequest", decode: decodeCompletion }, complete, encodeAnswer),
        ],
        [
          paths.stream,
          streaming(
            { typeName: "llmhub.v1.StreamCompleteRequest", decode: decodeStreamCompletion },
            (_, rpc) => new PassingEvents(stream(rpc)),
          ),
        ],
      ]),
      admission: this.admission,
      limits: all,
      rejected: (rejection, error) => void this.rejected.push({ rejection, error }),
    });
    const onRequest = connectHandler({
      routes: (router) => void router.service(CompletionService, { complete: ({ input }) => general(input) }),
      admission: this.admission,
      requestBytesMax: all.requestBytesMax,
      responseBytesMax: all.responseBytesMax,
      bodyTimeoutMs: all.bodyTimeoutMs,
      log,
      accessLine: () => undefined,
      now,
    });
    this.#listener = new Listener({
      host: "127.0.0.1",
      port: 0,
      onStream: transport.take,
      onRequest,
      limits: {
        connectionsMax: 100,
        connectionAgeMs: undefined,
        streamsPerConnectionMax: 100,
        headerTimeoutMs: 5000,
        bodyTimeoutMs: all.bodyTimeoutMs,
        writeStallMs: all.writeStallMs,
      },
      tls: undefined,
      log,
      now,
    });
  }

  static async start(options: HotEdgeOptions = {}): Promise<HotEdge> {
    const edge = new HotEdge(options);
    edge.#port = await edge.#listener.listen();
    return edge;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.closeNow();
  }
}

/** An answer whose id is the question. */
async function echo({ input }: CompleteRequest): Promise<CompleteResponse> {
  return create(CompleteResponseSchema, { id: input });
}

function general(input: string): CompleteResponse {
  return create(CompleteResponseSchema, { id: input, nativeFinishReason: "general" });
}

async function* nothing(): AsyncGenerator<readonly Chunk[]> {}
