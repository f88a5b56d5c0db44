import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type Settings,
} from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type ErrorInfo, ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";

/** How a call ended, as it came over the wire. */
export interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  /** The headers, when there was nothing else. */
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Code of RST_STREAM; 0 when the stream ended well. */
  readonly resetCode: number;
  readonly info: ErrorInfo | undefined;
}

/** An HTTP/2 connection that knows nothing of gRPC. */
export class RawConnection implements AsyncDisposable {
  readonly #session: ClientHttp2Session;

  constructor(url: string, settings: Settings = {}) {
    this.#session = connect(url, { settings });
  }

  /** Opens a call and leaves its body to the test. */
  open(path: string, headers: Record<string, string> = {}): ClientHttp2Stream {
    const head = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers };
    // What it is reset with is looked at where the answer is taken.
    return this.#session.request(head).on("error", () => undefined);
  }

  /** Makes a call with this body. */
  call(path: string, body: Buffer, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const stream = this.open(path, headers);
    stream.end(body);
    return answerOf(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#session, "close");
    this.#session.destroy();
    await closed;
  }
}

/** Everything that comes back on a stream, until it closes. */
export async function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | undefined;
  const pieces: Buffer[] = [];
  stream.on("response", (head) => {
    headers = head;
  });
  stream.on("trailers", (tail) => {
    trailers = tail;
  });
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  await new Promise<void>((resolve) => void stream.once("close", resolve));
  const status = trailers ?? headers;
  return { headers, trailers: status, body: Buffer.concat(pieces), resetCode: stream.rstCode, info: infoOf(status) };
}

function infoOf(trailers: IncomingHttpHeaders): ErrorInfo | undefined {
  const value = trailers["grpc-status-details-bin"];
  if (typeof value !== "string") return undefined;
  const [first] = fromBinary(StatusSchema, Buffer.from(value, "base64")).details;
  return first && anyUnpack(first, ErrorInfoSchema);
}

/** A message with its five bytes of gRPC before it. */
export function envelope(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The messages of a body. */
export function messagesOf(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
