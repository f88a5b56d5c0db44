import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { faultOf, type Logger } from "../telemetry/logger.ts";
import { sniffPreface } from "./preface.ts";
import { secureContext, type TlsMaterial } from "./tls.ts";

/** What one caller can take of the port. */
export interface ListenerLimits {
  readonly connectionsMax: number;
  /** Age at which a connection is asked to leave, give or take a tenth. Undefined: none is too old. */
  readonly connectionAgeMs: number | undefined;
  readonly streamsPerConnectionMax: number;
  /** For the TLS handshake, for the HTTP/2 preface and settings, and for the headers of an HTTP/1.1 request. */
  readonly headerTimeoutMs: number;
  /** For an HTTP/1.1 request to arrive as a whole. */
  readonly bodyTimeoutMs: number;
  /** How long a caller may read nothing of what is ready for it. */
  readonly writeStallMs: number;
}

/** What the front is made of. */
export interface FrontOptions {
  readonly limits: ListenerLimits;
  readonly tls: TlsMaterial | undefined;
  /** Every connection, before anything is read from it. */
  readonly onSocket: (socket: Socket) => void;
  /** Takes over a connection that speaks HTTP/2. */
  readonly onHttp2: (socket: Socket) => void;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly log: Logger;
}

/** Bytes of all headers of a request, on either version of HTTP. */
export const headerBytesMax = 16 * 1024;

/**
 * The server that listens. It serves HTTP/1.1 itself and gives connections that speak HTTP/2 away. It has to be an
 * HTTP/1.1 server, not a plain socket server in front of one: only so are slow headers and idle connections closed.
 */
export function createFront(options: FrontOptions): HttpServer | HttpsServer {
  const { limits, tls } = options;
  const http = {
    maxHeaderSize: headerBytesMax,
    headersTimeout: limits.headerTimeoutMs,
    requestTimeout: Math.max(limits.bodyTimeoutMs, limits.headerTimeoutMs),
    connectionsCheckingInterval: Math.min(1000, limits.headerTimeoutMs),
    keepAliveTimeout: 75_000,
    noDelay: true,
    // Dead peers are found by TCP: HTTP/2 pings would wake every idle caller.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  };
  const front =
    tls === undefined
      ? createServer(http, options.onRequest)
      : createTlsServer({ ...http, ...tlsOptions(tls, limits) }, options.onRequest);
  front.maxConnections = limits.connectionsMax;
  front.on("connection", options.onSocket);
  front.on("tlsClientError", (err: Error, socket: Socket) => {
    options.log.debug({ fault: faultOf(err) }, "a TLS handshake failed");
    socket.destroy();
  });
  front.timeout = limits.writeStallMs;
  dispatchByProtocol(front, tls === undefined ? "connection" : "secureConnection", options);
  return front;
}

function tlsOptions(tls: TlsMaterial, limits: ListenerLimits): object {
  return {
    ...secureContext(tls),
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: limits.headerTimeoutMs,
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.clientCa !== undefined && tls.clientCert === "require",
  };
}

/** Puts the choice of protocol between the server's event and its own listener for HTTP/1.1. */
function dispatchByProtocol(front: HttpServer, event: "connection" | "secureConnection", options: FrontOptions): void {
  const own =
    event === "connection" ? front.listeners(event).filter((one) => one !== options.onSocket) : front.listeners(event);
  for (const listener of own) front.off(event, listener as (socket: Socket) => void);
  const serveHttp1 = (socket: Socket): void => {
    for (const listener of own) listener.call(front, socket);
  };
  front.on(event, (socket: Socket) => {
    socket.on("error", (err) => options.log.debug({ fault: faultOf(err) }, "a connection failed"));
    const serveHttp2 = (): void => {
      // Over HTTP/2 a caller who closes its side has left. Half-open, as HTTP/1.1 wants it, its calls would go on.
      socket.allowHalfOpen = false;
      options.onHttp2(socket);
    };
    if (socket instanceof TLSSocket && socket.alpnProtocol === "h2") serveHttp2();
    else if (socket instanceof TLSSocket) serveHttp1(socket);
    else {
      sniffPreface(socket, options.limits.headerTimeoutMs, (isHttp2) => {
        if (isHttp2) serveHttp2();
        else serveHttp1(socket);
      });
    }
  });
}
