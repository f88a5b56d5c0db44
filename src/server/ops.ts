import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { faultOf, type Logger } from "../telemetry/logger.ts";

/** Whether the gateway wants traffic. */
export interface OpsReadiness {
  readonly ready: boolean;
  /** Why not, or what is impaired; for people. */
  readonly reasons: readonly string[];
}

/** Metrics in the form that the scraper asked for. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** What the port tells, and where it is. */
export interface OpsOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly readiness: () => OpsReadiness | Promise<OpsReadiness>;
  /** @param accept the scraper's Accept header, empty if there is none. */
  readonly metrics: (accept: string) => Promise<Exposition>;
  readonly log: Logger;
}

const headersTimeoutMs = 5000;
const index = "There is nothing here. This port has /livez, /readyz and /metrics.\n";

/** The port for probes and scrapers; it stays open during the drain. Not for callers: it knows no authentication. */
export class OpsServer {
  readonly #options: OpsOptions;
  readonly #server: Server;

  constructor(options: OpsOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: 8 * 1024,
        headersTimeout: headersTimeoutMs,
        requestTimeout: 2 * headersTimeoutMs,
        connectionsCheckingInterval: 1000,
        keepAliveTimeout: 65_000,
      },
      (request, response) => this.#answer(request, response),
    );
    this.#server.maxConnections = 256;
  }

  /** The port that it listens on. */
  async listen(): Promise<number> {
    const { host, port, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.on("error", (err) => log.error({ fault: faultOf(err) }, "the ops port has a problem"));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes at once, whatever is under way. */
  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      send(response, 405, "Only GET and HEAD are served here.\n");
      return;
    }
    const path = request.url?.split("?", 1)[0];
    if (path === "/livez") send(response, 200, "ok\n");
    else if (path === "/readyz") void this.#sendReadiness(response);
    else if (path === "/metrics") void this.#sendMetrics(response, request.headers.accept ?? "");
    else send(response, 404, index);
  }

  async #sendReadiness(response: ServerResponse): Promise<void> {
    const { ready, reasons } = await this.#options.readiness();
    send(response, ready ? 200 : 503, `${JSON.stringify({ ready, reasons })}\n`, "application/json");
  }

  async #sendMetrics(response: ServerResponse, accept: string): Promise<void> {
    try {
      const { contentType, body } = await this.#options.metrics(accept);
      send(response, 200, body, contentType);
    } catch (err) {
      this.#options.log.error({ fault: faultOf(err) }, "the metrics cannot be collected");
      send(response, 500, "The metrics cannot be collected, the log says why.\n");
    }
  }
}

function send(response: ServerResponse, status: number, body: string, contentType = "text/plain; charset=utf-8"): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}
