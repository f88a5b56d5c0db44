import type { ServerConfig } from "./config/schema.ts";
import type { Admission } from "./server/admission.ts";
import { connectHandler } from "./server/connect.ts";
import { hotMethods } from "./server/grpc/methods.ts";
import { GrpcTransport } from "./server/grpc/transport.ts";
import { HttpSurface } from "./server/http/surface.ts";
import { Listener } from "./server/listener.ts";
import type { RequestHandler } from "./server/request-handler.ts";
import { type RouteParts, routes } from "./services/index.ts";
import type { Route } from "./surfaces/route.ts";
import type { CallLines } from "./telemetry/call-lines.ts";
import type { Logger } from "./telemetry/logger.ts";

/** Largest answer in one message; gRPC clients take 4 MiB unless told otherwise. */
const responseBytesMax = 16 * 1024 * 1024;
/** How long a caller may read nothing of what is ready for it: unread answers stay in memory. */
const writeStallMs = 60_000;

/** What the port of calls is made of. */
export interface PortParts {
  readonly server: ServerConfig;
  readonly services: RouteParts;
  readonly surfaces: readonly Route[];
  readonly admission: Admission;
  readonly lines: CallLines;
  readonly logger: Logger;
}

/** The port of calls: hot gRPC methods straight, plain HTTP by its paths, everything else through connect-node. */
export function openPort({ server, services, surfaces, admission, lines, logger }: PortParts): Listener {
  const { limits, listen, tls } = server;
  const now = () => performance.now();
  const { requestBytesMax } = limits;
  const hot = new GrpcTransport({
    methods: hotMethods(services.handlers),
    admission,
    limits: { ...limits, responseBytesMax, writeStallMs },
    rejected: lines.rejected,
  });
  const accessLine = lines.ended;
  const surface = new HttpSurface({ routes: surfaces, admission, requestBytesMax, accessLine, now });
  const connect = connectHandler({
    routes: routes(services),
    admission,
    requestBytesMax,
    responseBytesMax,
    log: logger,
    accessLine,
    now,
  });
  const onRequest: RequestHandler = (request, response) => {
    if (!surface.take(request, response)) connect(request, response);
  };
  return new Listener({
    ...listen,
    onStream: hot.take,
    onRequest,
    limits: { ...limits, writeStallMs },
    tls: tls === undefined ? undefined : { ...tls, key: tls.key.reveal() },
    log: logger,
    now,
  });
}
