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
  const writeHead = response.writeHead.bind(response);
  const addTrailers = response.addTrailers.bind(response);
  const set = (headers: OutgoingHttpHeaders): void => {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  };
  Object.assign(response, {
    // The framework gives headers; Node, which sends what is set with the first bytes or the end, does not.
    writeHead: (status: number, headers?: OutgoingHttpHeaders) => {
      if (headers === undefined) return writeHead(status);
      response.statusCode = status;
      set(headers);
      return response;
    },
    addTrailers: (trailers: OutgoingHttpHeaders) => {
      if (!response.headersSent && trailers["grpc-status"] !== "0") return set(trailers);
      if (!response.headersSent) writeHead(response.statusCode);
      addTrailers(trailers);
    },
  });
}
