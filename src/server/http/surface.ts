import { GatewayError } from "../../model/error.ts";
import type { Route } from "../../surfaces/route.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Admission } from "../admission.ts";
import type { AccessLine } from "../connect.ts";
import type { AnyRequest, AnyResponse } from "../request-handler.ts";
import { HttpCall } from "./http-call.ts";
import { RouteTable } from "./route-table.ts";

/** What plain HTTP is served with. */
export interface SurfaceOptions {
  readonly routes: readonly Route[];
  readonly admission: Admission;
  readonly requestBytesMax: number;
  /** Called once per request, at its end. */
  readonly accessLine: (line: AccessLine) => void;
  readonly log: Logger;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/** Serves the routes of plain HTTP, on HTTP/1.1 and HTTP/2. */
export class HttpSurface {
  readonly #options: SurfaceOptions;
  readonly #table: RouteTable;

  constructor(options: SurfaceOptions) {
    this.#options = options;
    this.#table = new RouteTable(options.routes);
  }

  /** Takes a request if anything answers at its path; true means that it is taken. */
  take(request: AnyRequest, response: AnyResponse): boolean {
    const path = request.url?.split("?", 1)[0] ?? "";
    const matches = this.#table.find(path);
    const [any] = matches.values();
    if (any === undefined) return false;
    const match = matches.get(request.method === "HEAD" ? "GET" : (request.method ?? ""));
    if (match !== undefined) void new HttpCall(request, response, match, this.#options).serve();
    else refuseMethod(any.route, [...matches.keys()], request, response);
    return true;
  }
}

function refuseMethod(route: Route, allowed: readonly string[], request: AnyRequest, response: AnyResponse): void {
  const error = new GatewayError("FEATURE_DISABLED", `this path takes ${allowed.join(" and ")} only`);
  const body = JSON.stringify(route.words(request.headers).failure(error, "").body);
  response.writeHead(405, {
    allow: allowed.join(", "),
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
