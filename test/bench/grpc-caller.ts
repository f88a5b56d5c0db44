import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { piecesPerStream } from "./answers.ts";
import type { Caller, Held } from "./caller.ts";
import { type Request, requestsTo } from "./request.ts";
import type { Target } from "./target.ts";
import type { Shape } from "./workload.ts";

/** Connections that calls are spread over, as a client with a small pool does; streams that are held have more. */
const sessionsForCalls = 4;
const sessionsForHeld = 8;

/** Calls over gRPC, and counts the messages that come back. */
export class GrpcCaller implements Caller {
  readonly #url: string;
  readonly #request: (shape: Shape) => Request;
  readonly #sessions: ClientHttp2Session[] = [];
  #next = 0;

  constructor(target: Target) {
    this.#url = target.url;
    this.#request = requestsTo(target);
  }

  call(shape: Shape, seen?: () => void): Promise<void> {
    const messagesMin = shape === "unary" ? 1 : piecesPerStream + 2;
    const stream = this.#send(shape, sessionsForCalls);
    return new Promise((resolve, reject) => {
      const counter = new MessageCounter();
      let status: unknown;
      // An early error is one block of headers.
      stream.on("response", (headers) => {
        status = headers["grpc-status"];
      });
      stream.on("data", (bytes: Buffer) => {
        seen?.();
        counter.push(bytes);
      });
      stream.on("trailers", (trailers) => {
        status = trailers["grpc-status"];
      });
      stream.on("error", reject);
      stream.on("close", () => {
        if (status === "0" && counter.messages >= messagesMin) resolve();
        else reject(new Error(`the answer was status ${status} after ${counter.messages} messages`));
      });
    });
  }

  hold(): Promise<Held> {
    const stream = this.#send("silent", sessionsForHeld);
    return new Promise((resolve, reject) => {
      let end = "";
      const ended = (headers: IncomingHttpHeaders) => {
        end = `${headers["grpc-status"]} ${headers["grpc-message"]}`;
      };
      stream.on("error", reject).on("response", ended).on("trailers", ended);
      stream.once("close", () => reject(new Error(`the stream ended by itself: ${end}`)));
      stream.on("data", () => resolve({ leave: () => stream.close(constants.NGHTTP2_CANCEL) }));
    });
  }

  #send(shape: Shape, sessions: number): ClientHttp2Stream {
    const { path, headers, body } = this.#request(shape);
    const stream = this.#session(sessions).request({ ":method": "POST", ":path": path, ...headers });
    stream.end(body);
    return stream;
  }

  #session(count: number): ClientHttp2Session {
    const at = this.#next++ % count;
    const known = this.#sessions[at];
    // The gateway asks connections to leave that have been idle or are old.
    if (known !== undefined && !known.closed) return known;
    const session = connect(this.#url);
    // Its streams tell.
    session.on("error", () => undefined);
    this.#sessions[at] = session;
    return session;
  }
}

/** Counts gRPC messages by their envelopes, however they are cut. */
class MessageCounter {
  messages = 0;
  #envelopeBytes = 0;
  #length = 0;
  #left = 0;

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        continue;
      }
      this.#length = this.#length * 256 + (bytes[at++] as number);
      if (++this.#envelopeBytes < 5) continue;
      this.messages++;
      this.#left = this.#length;
      this.#length = 0;
      this.#envelopeBytes = 0;
    }
  }
}
