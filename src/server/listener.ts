import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { constants, createServer, type Http2Server, type IncomingHttpHeaders } from "node:http2";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as elapsed } from "node:timers/promises";
import { faultOf, type Logger } from "../telemetry/logger.ts";
import { ageMsMax, leaveIn } from "./connection-age.ts";
import { createFront, type ListenerLimits } from "./front.ts";
import { createHttp2, resetStalled } from "./http2-core.ts";
import { askToLeave } from "./leave-notice.ts";
import type { AnyRequest, AnyResponse, RequestHandler } from "./request-handler.ts";
import { SessionWatch } from "./session-watch.ts";
import { secureContext, type TlsMaterial } from "./tls.ts";

/** How long connections that have been made, and have not said anything, may take to do so once the listener drains. */
const silentMs = 200;

/** Who serves one stream. */
export interface Taker {
  /** The stream is closed, whoever closed it. Called once. */
  closed(): void;
}

/** What a listener serves, and where. */
export interface ListenerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Offered each HTTP/2 stream first; undefined leaves it. Bounds on a taken stream are the taker's. */
  readonly onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => Taker | undefined;
  /** Gets the streams that were not taken, and the requests of HTTP/1.1. */
  readonly onRequest: RequestHandler;
  readonly limits: ListenerLimits;
  /** Undefined: clear text. */
  readonly tls: TlsMaterial | undefined;
  readonly log: Logger;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/** One port for gRPC, Connect, gRPC-Web and plain HTTP, over HTTP/2 (h2c or TLS) and HTTP/1.1. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #front: HttpServer | HttpsServer;
  readonly #http2: Http2Server;
  readonly #compat: Http2Server;
  readonly #sockets = new Set<Socket>();
  /** Each with the socket that it was opened on. */
  readonly #sessions = new Map<ServerHttp2Session, Socket>();
  readonly #responses = new Set<ServerResponse>();
  readonly #waiting = new Set<() => void>();
  /** When connections of HTTP/1.1 that have made a request have to leave. */
  readonly #leaveMs = new WeakMap<Socket, number>();
  #tls: TlsMaterial | undefined;
  #streams = 0;
  #draining = false;
  /** Calls that come now are refused. */
  #isLeft = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits, tls, log } = options;
    this.#tls = tls;
    this.#http2 = createHttp2(limits);
    this.#compat = createServer((request, response) => this.#serve(request, response));
    this.#front = createFront({
      limits,
      tls,
      log,
      onSocket: (socket) => this.#track(socket),
      onHttp2: (socket) => this.#openConnection(socket),
      onRequest: (request, response) => this.#openRequest(request, response),
    });
  }

  get connectionsOpen(): number {
    return this.#sockets.size;
  }

  get sessionsOpen(): number {
    return this.#sessions.size;
  }

  /** Calls in flight, over both versions of HTTP. */
  get streamsOpen(): number {
    return this.#streams + this.#responses.size;
  }

  /** The port that it listens on. */
  async listen(): Promise<number> {
    const { host, port, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#front.once("error", reject);
      this.#front.listen({ host, port }, () => {
        this.#front.off("error", reject);
        resolve();
      });
    });
    this.#front.on("error", (err) => log.error({ fault: faultOf(err) }, "the port has a problem"));
    return (this.#front.address() as AddressInfo).port;
  }

  /**
   * Uses another certificate for connections to come. Throws, and keeps the old one, if it is not usable. Whether callers are
   * asked for certificates stays; where other authorities sign those, the connections that the old ones let in leave.
   */
  renewTls(tls: TlsMaterial): void {
    if (!(this.#front instanceof HttpsServer)) throw new Error("the listener was started without TLS");
    const asks = this.#tls?.clientCa !== undefined;
    const clientCa = asks ? (tls.clientCa ?? this.#tls?.clientCa) : undefined;
    this.#front.setSecureContext(secureContext({ ...tls, clientCa }));
    if (clientCa !== this.#tls?.clientCa) {
      this.#destroySilent();
      void this.#askAllToLeave();
    }
    this.#tls = { ...tls, clientCa };
  }

  /**
   * Takes no more connections, so that callers turn elsewhere without trying again here, and asks those who are
   * connected to leave: GOAWAY on every session, "connection: close" on HTTP/1.1. Calls in flight go on. Resolves, within a
   * second, when no more can come: until then those that were on their way are to be served.
   */
  async beginDrain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    // Right after the loop has taken the connections that wait: those that still do at the end are reset.
    await new Promise(setImmediate);
    this.#front.close();
    await this.#askAllToLeave();
    if (this.#sockets.size > this.#sessions.size + this.#responses.size) await elapsed(silentMs);
    await this.#askAllToLeave();
    this.#isLeft = true;
  }

  /** True once no call is in flight; false if that takes longer. */
  async drained(timeoutMs: number): Promise<boolean> {
    if (this.streamsOpen === 0) return true;
    return new Promise((resolve) => {
      const settle = (drained: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(empty);
        resolve(drained);
      };
      const empty = (): void => settle(true);
      const timer = setTimeout(settle, timeoutMs, false);
      this.#waiting.add(empty);
    });
  }

  /**
   * Resolves when the connections have ended, as in a drain each does after its last call, or after that time. To destroy one
   * before its other end has read what was sent last can take that away from it.
   */
  async ended(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([this.#allClosed(), promise]);
    clearTimeout(timer);
  }

  /** Cuts everything off. Resolves when nothing is left. */
  async closeNow(): Promise<void> {
    this.#draining = true;
    this.#isLeft = true;
    this.#front.close();
    const closed = this.#allClosed();
    for (const session of this.#sessions.keys()) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #allClosed(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  }

  async #askAllToLeave(): Promise<void> {
    for (const response of this.#responses) leaveAfter(response);
    await Promise.all([...this.#sessions].map(([session, socket]) => askToLeave(session, socket)));
  }

  /** Cuts off those that ask nothing just now: idle ones, and those that have not got as far, also with their handshake. */
  #destroySilent(): void {
    const busy = [...this.#sessions.values(), ...[...this.#responses].map(({ req }) => req.socket)];
    const ends = new Set(busy.map(otherEnd));
    for (const socket of this.#sockets) if (!ends.has(otherEnd(socket))) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #openConnection(socket: Socket): void {
    const opened = (session: ServerHttp2Session): void => this.#openSession(session, socket);
    this.#http2.once("session", opened).emit("connection", socket);
    this.#http2.off("session", opened);
  }

  #openSession(session: ServerHttp2Session, socket: Socket): void {
    const { limits, now, log } = this.#options;
    const watch = new SessionWatch(session, limits.headerTimeoutMs, now);
    this.#sessions.set(session, socket);
    session.once("close", () => this.#sessions.delete(session));
    leaveIn(session, socket, this.#ageMsOf(socket));
    const streamFailed = (err: Error): void => log.debug({ fault: faultOf(err) }, "an HTTP/2 stream failed");
    session.on("error", (err) => log.debug({ fault: faultOf(err) }, "an HTTP/2 session failed"));
    session.on("stream", (stream, headers, flags, rawHeaders) => {
      this.#streams++;
      watch.opened();
      stream.on("error", streamFailed);
      const taker = this.#openStream(stream, headers, flags, rawHeaders);
      // Fires once, but "once" would cost each call another function.
      stream.on("close", () => {
        this.#streams--;
        watch.closed(stream);
        taker?.closed();
        this.#callEnded();
      });
    });
    if (this.#isLeft) session.close();
    else if (this.#draining) void askToLeave(session, socket);
  }

  #openStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: string[],
  ): Taker | undefined {
    try {
      const taker = this.#options.onStream(stream, headers);
      if (taker !== undefined) return taker;
      resetStalled(stream, this.#options.limits.writeStallMs);
      this.#compat.emit("stream", stream, headers, flags, rawHeaders);
    } catch (err) {
      this.#options.log.error({ fault: faultOf(err) }, "a stream could not be served");
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
    return undefined;
  }

  #openRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#responses.add(response);
    response.once("close", () => {
      this.#responses.delete(response);
      this.#callEnded();
    });
    response.on("timeout", () => {
      if (socket.writableLength > 0) socket.destroy();
      else socket.setTimeout(this.#options.limits.writeStallMs);
    });
    if (this.#draining || this.#isOld(socket)) leaveAfter(response);
    this.#serve(request, response);
  }

  #serve(request: AnyRequest, response: AnyResponse): void {
    try {
      this.#options.onRequest(request, response);
    } catch (err) {
      this.#options.log.warn({ fault: faultOf(err) }, "a request could not be served");
      if (!response.headersSent) response.writeHead(400);
      response.end();
    }
  }

  /** A connection counts from its first request: before it, it takes nobody's turn. */
  #isOld(socket: Socket): boolean {
    const nowMs = this.#options.now();
    const leaveMs = this.#leaveMs.get(socket);
    if (leaveMs === undefined) this.#leaveMs.set(socket, nowMs + this.#ageMsOf(socket));
    return leaveMs !== undefined && nowMs >= leaveMs;
  }

  #ageMsOf(socket: Socket): number {
    return ageMsMax(socket, this.#options.limits.connectionAgeMs, this.#tls?.clientCa !== undefined);
  }

  #callEnded(): void {
    if (this.streamsOpen > 0) return;
    for (const empty of [...this.#waiting]) empty();
  }
}

/** Tells connections apart, and is the same of a TLS socket and of what is underneath. */
function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** The connection ends with this response, whether its headers are still to be written or have left. */
function leaveAfter(response: ServerResponse): void {
  const { socket } = response;
  response.shouldKeepAlive = false;
  if (response.headersSent) response.once("finish", () => socket?.destroySoon());
}
