import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type Settings,
} from "node:http2";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  CompleteRequestSchema,
  StreamCompleteRequestSchema,
  type StreamCompleteResponse,
  StreamCompleteResponseSchema,
  StreamResumeSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";

const service = "/llmhub.v1.CompletionService";

type Ask = MessageInitShape<typeof CompleteRequestSchema>;

/** Where a stream goes on. */
export interface Resume {
  readonly token: string;
  readonly afterSequence: number;
}

/** A call with settings of its stream. */
interface Streaming {
  readonly request: Ask;
  readonly options: NonNullable<MessageInitShape<typeof StreamCompleteRequestSchema>["options"]>;
}

/** A gRPC call straight on node:http2, for what a well-behaved client does not do. */
export class RawCall implements Disposable {
  readonly stream: ClientHttp2Stream;
  /** Resolves when the gateway asks to leave the connection. */
  readonly goaway: Promise<void>;
  readonly #session: ClientHttp2Session;
  readonly #status: Promise<IncomingHttpHeaders>;

  constructor(
    url: string,
    method: "Complete" | "StreamComplete",
    request: Ask | Streaming | { readonly resume: Resume },
    headers: Readonly<Record<string, string>> = {},
    settings: Settings = {},
  ) {
    this.#session = connect(url, { settings }).on("error", () => undefined);
    this.goaway = new Promise((resolve) => this.#session.once("goaway", () => resolve()));
    this.stream = this.#session.request({
      ":method": "POST",
      ":path": `${service}/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    this.stream.on("error", () => undefined);
    this.#status = new Promise((resolve) => {
      this.stream.once("response", (head) => head["grpc-status"] !== undefined && resolve(head));
      this.stream.once("trailers", resolve);
    });
    this.stream.end(enveloped(bodyOf(method, request)));
  }

  /** The status as the trailers say it, wherever they come. Drops the answer. */
  status(): Promise<IncomingHttpHeaders> {
    this.stream.resume();
    return this.#status;
  }

  /** The events as they come. */
  async *events(): AsyncGenerator<StreamCompleteResponse> {
    let bytes: Buffer = Buffer.alloc(0);
    for await (const piece of this.stream) {
      bytes = Buffer.concat([bytes, piece]);
      let at = 0;
      while (bytes.length >= at + 5 && bytes.length >= at + 5 + bytes.readUInt32BE(at + 1)) {
        const end = at + 5 + bytes.readUInt32BE(at + 1);
        yield fromBinary(StreamCompleteResponseSchema, bytes.subarray(at + 5, end));
        at = end;
      }
      bytes = bytes.subarray(at);
    }
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function bodyOf(
  method: "Complete" | "StreamComplete",
  request: Ask | Streaming | { readonly resume: Resume },
): Uint8Array {
  if ("resume" in request) {
    return streamBody({ start: { case: "resume", value: create(StreamResumeSchema, request.resume) } });
  }
  const { request: ask, options } = "options" in request ? request : { request, options: {} };
  const complete = create(CompleteRequestSchema, ask);
  return method === "Complete"
    ? toBinary(CompleteRequestSchema, complete)
    : streamBody({ start: { case: "request", value: complete }, options });
}

function streamBody(message: MessageInitShape<typeof StreamCompleteRequestSchema>): Uint8Array {
  return toBinary(StreamCompleteRequestSchema, create(StreamCompleteRequestSchema, message));
}

function enveloped(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
