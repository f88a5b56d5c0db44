import type { OutgoingHttpHeaders } from "node:http";
import { Http2ServerResponse } from "node:http2";
import type { AnyResponse } from "./request-handler.ts";

/**
 * Makes an error that comes before any message one block of headers, gRPC's Trailers-Only. The framework sends headers
 * and then trailers, and headers alone make gRPC libraries give up their retry policy, and proxies theirs.
 * Changes the response itself; over HTTP/1.1, which gRPC does not use, nothing.
 */
export function sendTrailersOnly(response: AnyResponse): void {
  if (!(response instanceof Http2ServerResponse)) return;
  const { addTrailers, write } = response;
  const writeHead: (status: number, headers: OutgoingHttpHeaders) => unknown = response.writeHead;
  let held: readonly [status: number, headers: OutgoingHttpHeaders] | undefined;
  const release = (): void => {
    if (held !== undefined) writeHead.call(response, ...held);
    held = undefined;
  };
  Object.assign(response, {
    writeHead: (status: number, headers: OutgoingHttpHeaders) => {
      held = [status, headers];
      return response;
    },
    write: (...args: Parameters<typeof write>) => {
      release();
      return write.apply(response, args);
    },
    addTrailers: (trailers: OutgoingHttpHeaders) => {
      if (held === undefined || trailers["grpc-status"] === "0") {
        release();
        addTrailers.call(response, trailers);
      } else if (!response.stream.destroyed) {
        const [status, headers] = held;
        response.stream.respond({ ":status": status, ...headers, ...trailers }, { endStream: true });
      }
    },
  });
}
