import type { IncomingHttpHeaders } from "node:http";
import { callerLeft } from "../../model/departure.ts";
import { GatewayError } from "../../model/error.ts";
import type { Answer, HttpRequest, JsonBody, Route, StreamedAnswer, WholeAnswer, Words } from "../../surfaces/route.ts";
import { faultOf } from "../../telemetry/logger.ts";
import { traceContextOf } from "../../telemetry/tracing/trace-headers.ts";
import { type Line, requestIdOf } from "../admission.ts";
import type { AccessLine } from "../connect.ts";
import { type Connection, connectionOf, peerAddressOf } from "../peer-address.ts";
import type { AnyRequest, AnyResponse } from "../request-handler.ts";
import type { RpcScope } from "../rpc-scope.ts";
import { compressed } from "./compression.ts";
import { parseBody } from "./json-text.ts";
import { requestText } from "./request-text.ts";
import type { Match } from "./route-table.ts";
import type { SurfaceOptions } from "./surface.ts";

/** Bytes that may wait for a slow caller before the next piece is asked for. */
const waitingBytesMax = 64 * 1024;
/** Browsers are not to guess types, and nobody on the way is to keep an answer. */
export const safeHeaders = { "x-content-type-options": "nosniff", "cache-control": "no-store" };
/** nginx would collect events otherwise. */
const eventHeaders = { ...safeHeaders, "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };

const noQuery = new URLSearchParams();
const noBody: JsonBody = { value: null, exact: () => null };

/** One request of plain HTTP, from headers to the end of its answer. Answers once. Hot path: nothing is made per piece. */
export class HttpCall implements Line {
  readonly dialect: string | undefined;
  readonly connection: Connection | undefined;
  readonly peerAddress = (): string => peerAddressOf(() => this.#request.socket);
  readonly answerHeader = (name: string, value: string): void => {
    if (!this.#response.headersSent) this.#response.setHeader(name, value);
  };
  readonly #request: AnyRequest;
  readonly #response: AnyResponse;
  readonly #route: Route;
  readonly #asked: HttpRequest;
  readonly #options: SurfaceOptions;
  readonly #words: Words;
  readonly #startMs: number;
  #scope: RpcScope | undefined;
  #requestId = "";
  #streamed: StreamedAnswer | undefined;
  /** Whoever carries the call out has it. */
  #handled = false;
  #over = false;

  constructor(request: AnyRequest, response: AnyResponse, { route, parameter }: Match, options: SurfaceOptions) {
    this.#request = request;
    this.#response = response;
    this.#route = route;
    this.#options = options;
    this.#startMs = options.now();
    const { headers } = request;
    this.#words = route.words(headers);
    this.dialect = this.#words.dialect;
    this.connection = connectionOf(request);
    this.#asked = { headers, parameter, query: queryOf(request) };
  }

  async serve(): Promise<void> {
    const response = this.#response;
    response.on("close", () => this.#closed());
    try {
      const scope = this.#admit(this.#request.headers);
      if (scope.entrant !== undefined) await scope.entrant.admitted;
      const body = this.#route.method === "GET" ? noBody : await this.#body(scope.rpc.signal);
      const run = this.#route.read(body, this.#asked);
      this.#handled = true;
      await this.#answer(await run(scope.rpc));
    } catch (error) {
      this.#fail(GatewayError.of(error));
    }
  }

  #admit(headers: IncomingHttpHeaders): RpcScope {
    const { method, path } = this.#route;
    try {
      this.#scope = this.#options.admission.admit(headers, `/${method} ${path}`, this);
    } catch (error) {
      const failure = GatewayError.of(error);
      this.#requestId = failure.metadata.get("x-request-id") ?? requestIdOf(headers["x-request-id"]);
      throw failure;
    }
    this.#requestId = this.#scope.rpc.requestId;
    return this.#scope;
  }

  async #body(signal: AbortSignal): Promise<JsonBody> {
    return parseBody(await requestText(this.#request, this.#options, signal));
  }

  async #answer(answer: Answer): Promise<void> {
    if (answer.kind === "streamed") {
      await this.#stream(answer);
    } else {
      const packing = compressed(answer.body, this.#asked.headers["accept-encoding"]);
      const packed = packing && (await packing);
      if (!this.#over) this.#whole(answer, packed);
    }
    this.#end();
  }

  #whole({ status = 200, headers, type = "application/json", body }: WholeAnswer, packed: Buffer | undefined): void {
    const response = this.#response;
    this.#tellStatus(status);
    const head = {
      ...safeHeaders,
      "x-request-id": this.#requestId,
      "content-type": type,
      "content-length": packed?.length ?? Buffer.byteLength(body),
      ...headers,
    };
    // Beside what the rules for web pages vary by.
    if (packed !== undefined) response.appendHeader("vary", "accept-encoding");
    response.writeHead(status, packed === undefined ? head : { ...head, "content-encoding": "gzip" });
    if (this.#request.method === "HEAD") response.end();
    // Text goes into one write with its head; bytes are a second piece.
    else response.end(packed ?? body);
  }

  /** Hands pieces from the answer to the socket, one write each, and waits whenever the caller is behind. */
  async #stream(answer: StreamedAnswer): Promise<void> {
    this.#streamed = answer;
    const { headers, events } = answer;
    const response = this.#response;
    for (;;) {
      const { done, value } = await events.next();
      if (this.#over) return;
      if (!response.headersSent) {
        this.#tellStatus(200);
        response.writeHead(200, { "x-request-id": this.#requestId, ...eventHeaders, ...headers?.() });
      }
      if (done === true) break;
      response.write(value);
      if (response.writableLength > waitingBytesMax) await this.#drained();
    }
    response.end();
  }

  /** Resolves when the caller has read what waits, or has gone. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.#response.off("drain", go).off("close", go);
        resolve();
      };
      this.#response.on("drain", go).on("close", go);
    });
  }

  #fail(error: GatewayError): void {
    if (this.#over) return;
    if (error.reason === "INTERNAL") {
      const fault = faultOf(error.cause ?? error);
      this.#options.log.error({ fault, requestId: this.#requestId, method: this.#route.path }, "a request failed");
    }
    const response = this.#response;
    if (response.headersSent) {
      response.end((this.#streamed?.broken ?? this.#words.broken)(error, this.#requestId));
    } else {
      const { status, headers, body } = this.#words.failure(error, this.#requestId);
      this.#tellStatus(status);
      const text = JSON.stringify(body);
      // OpenAI's and Anthropic's SDKs repeat every 5xx and 429 unless told not to.
      const advice =
        error.retryMs === undefined
          ? { "x-should-retry": "false" }
          : { "retry-after": String(Math.ceil(error.retryMs / 1000)) };
      for (const [name, value] of error.metadata) if (name.startsWith("x-ratelimit-")) response.setHeader(name, value);
      // What is left of the body stays unread, so the connection can carry nothing more.
      const parting = this.#request.complete || this.#request.httpVersionMajor > 1 ? {} : { connection: "close" };
      response.writeHead(status, {
        ...safeHeaders,
        "x-request-id": this.#requestId,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
        ...advice,
        ...headers,
        ...parting,
      });
      response.end(text);
    }
    this.#end(error);
  }

  heldBytes(): number {
    return Number(this.#request.headers["content-length"] ?? 0) + this.#response.writableLength;
  }

  /** The deadline passed, or the gateway stops. The chain hears the same of its signal: what it says comes first. */
  aborted(reason: GatewayError): void {
    if (!this.#over) setImmediate(() => this.#fail(reason));
  }

  #closed(): void {
    if (!this.#over) this.#end(callerLeft);
  }

  #tellStatus(status: number): void {
    this.#scope?.rpc.span?.set({ "http.response.status_code": status });
  }

  #end(error?: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    if (error === undefined) {
      this.#scope?.finish();
    } else {
      this.#scope?.abort(error);
      this.#streamed?.events.return?.(undefined).catch(() => undefined);
    }
    // The chain tells of calls that have reached it.
    if (!(this.#handled && this.#route.chained)) this.#options.accessLine(this.#lineOf(error));
  }

  #lineOf(error: GatewayError | undefined): AccessLine {
    const { method, path } = this.#route;
    return {
      protocol: "http",
      method: `${method} ${path}`,
      requestId: this.#requestId,
      keyId: this.#scope?.rpc.caller.keyId ?? "",
      tenantId: this.#scope?.rpc.caller.tenantId ?? "",
      durationMs: this.#options.now() - this.#startMs,
      trace: this.#scope === undefined ? traceContextOf(this.#request.headers) : this.#scope.rpc.trace,
      handled: this.#handled,
      error,
    };
  }
}

function queryOf({ url = "" }: AnyRequest): URLSearchParams {
  const start = url.indexOf("?");
  return start < 0 ? noQuery : new URLSearchParams(url.slice(start + 1));
}
