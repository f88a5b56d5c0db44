import type { Address, ServerConfig } from "./config/schema.ts";
import type { Admission } from "./server/admission.ts";
import { connectHandler } from "./server/connect.ts";
import { hotMethods } from "./server/grpc/methods.ts";
import { GrpcTransport } from "./server/grpc/transport.ts";
import { Cors } from "./server/http/cors.ts";
import { HttpSurface } from "./server/http/surface.ts";
import { Listener, type ListenerOptions } from "./server/listener.ts";
import type { RequestHandler } from "./server/request-handler.ts";
import type { TlsMaterial } from "./server/tls.ts";
import { type RouteParts, routes } from "./services/index.ts";
import type { Route } from "./surfaces/route.ts";
import type { CallLines } from "./telemetry/call-lines.ts";
import type { Logger } from "./telemetry/logger.ts";

/** Largest answer in one message; gRPC clients take 4 MiB unless told otherwise. */
const responseBytesMax = 16 * 1024 * 1024;
/** How long a caller may read nothing of what is ready for it: unread answers stay in memory. */
const writeStallMs = 60_000;

/** What the ports of calls are made of. */
export interface PortParts {
  readonly server: ServerConfig;
  readonly services: RouteParts;
  readonly surfaces: readonly Route[];
  readonly admission: Admission;
  readonly lines: CallLines;
  readonly logger: Logger;
}

/** The addresses at which calls are taken: each of them takes all. */
export class Ports {
  readonly #call: Listener;
  readonly #http: Listener | undefined;

  constructor(parts: PortParts) {
    const { listen, httpListen } = parts.server;
    const shared = sharedOptions(parts);
    this.#call = new Listener({ ...shared, ...listen });
    this.#http = httpListen && new Listener({ ...shared, ...httpListen });
  }

  /** The ports that the system gave; `http` is undefined where there is no such address. Rejects if one cannot be had. */
  async listen(): Promise<{ readonly call: number; readonly http: number | undefined }> {
    return { call: await this.#call.listen(), http: await this.#http?.listen() };
  }

  /** See Listener. */
  renewTls(tls: TlsMaterial): void {
    for (const listener of this.#all) listener.renewTls(tls);
  }

  /** See Listener. */
  async beginDrain(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.beginDrain()));
  }

  /** See Listener. */
  async drained(timeoutMs: number): Promise<boolean> {
    const drained = await Promise.all(this.#all.map((listener) => listener.drained(timeoutMs)));
    return drained.every((isDrained) => isDrained);
  }

  /** See Listener. */
  async ended(timeoutMs: number): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.ended(timeoutMs)));
  }

  /** See Listener. */
  async closeNow(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.closeNow()));
  }

  get #all(): readonly Listener[] {
    return this.#http === undefined ? [this.#call] : [this.#call, this.#http];
  }
}

/** Hot gRPC methods straight, plain HTTP by its paths, everything else through connect-node. */
function sharedOptions({
  server,
  services,
  surfaces,
  admission,
  lines,
  logger,
}: PortParts): Omit<ListenerOptions, keyof Address> {
  const { limits, tls } = server;
  const now = () => performance.now();
  const { requestBytesMax } = limits;
  const hot = new GrpcTransport({
    methods: hotMethods(services.handlers),
    admission,
    limits: { ...limits, responseBytesMax, writeStallMs },
    rejected: lines.rejected,
  });
  const accessLine = lines.ended;
  const surface = new HttpSurface({ routes: surfaces, admission, ...limits, accessLine, log: logger, now });
  const connect = connectHandler({
    routes: routes(services),
    admission,
    requestBytesMax,
    responseBytesMax,
    bodyTimeoutMs: limits.bodyTimeoutMs,
    log: logger,
    accessLine,
    now,
  });
  const cors = server.cors && new Cors(server.cors);
  const onRequest: RequestHandler = (request, response) => {
    if (cors?.answer(request, response) === true) return;
    if (!surface.take(request, response)) connect(request, response);
  };
  return {
    onStream: hot.take,
    onRequest,
    limits: { ...limits, writeStallMs },
    tls: tls === undefined ? undefined : { ...tls, key: tls.key.reveal() },
    log: logger,
    now,
  };
}
