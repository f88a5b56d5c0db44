import { GatewayError } from "../../model/error.ts";
import { callerWords } from "../../surfaces/caller-words.ts";
import type { Route } from "../../surfaces/route.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Admission, requestIdOf } from "../admission.ts";
import type { AccessLine } from "../connect.ts";
import type { AnyRequest, AnyResponse } from "../request-handler.ts";
import { HttpCall, safeHeaders } from "./http-call.ts";
import type { BodyLimits } from "./request-text.ts";
import { RouteTable } from "./route-table.ts";

/** What plain HTTP is served with. */
export interface SurfaceOptions extends BodyLimits {
  readonly routes: readonly Route[];
  readonly admission: Admission;
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

  /**
   * Takes a request if anything answers at its path, or if the path is one of the APIs served here, of which something is not
   * served; true means that it is taken.
   */
  take(request: AnyRequest, response: AnyResponse): boolean {
    const path = request.url?.split("?", 1)[0] ?? "";
    const matches = this.#table.find(path);
    const match = matches.get(request.method === "HEAD" ? "GET" : (request.method ?? ""));
    const [any] = matches.values();
    if (match !== undefined) void new HttpCall(request, response, match, this.#options).serve();
    else if (any !== undefined) refuseMethod(any.route, [...matches.keys()], request, response);
    else if (path.startsWith(versioned)) refusePath(request, response);
    else return false;
    return true;
  }
}

/** How the paths of OpenAI's and Anthropic's APIs begin. */
const versioned = "/v1/";

function refuseMethod({ words }: Route, methods: readonly string[], request: AnyRequest, response: AnyResponse): void {
  const error = new GatewayError("INVALID_REQUEST", `this path takes ${methods.join(" and ")} only`);
  refuse({ error, words, status: 405, headers: { allow: methods.join(", ") } }, request, response);
}

function refusePath(request: AnyRequest, response: AnyResponse): void {
  const error = new GatewayError("NOT_FOUND", "there is nothing at this path - GET /docs tells which there are");
  refuse({ error, words: callerWords, status: 404, headers: {} }, request, response);
}

interface Refusal {
  readonly error: GatewayError;
  readonly words: Route["words"];
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers what never becomes a call. */
function refuse({ error, words, status, headers }: Refusal, request: AnyRequest, response: AnyResponse): void {
  const requestId = requestIdOf(request.headers["x-request-id"]);
  const failure = words(request.headers).failure(error, requestId);
  const text = JSON.stringify(failure.body);
  response.writeHead(status, {
    ...safeHeaders,
    "x-request-id": requestId,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...failure.headers,
    ...headers,
  });
  response.end(text);
}
