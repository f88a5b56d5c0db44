import type { SecureClientSessionOptions } from "node:http2";
import { Code, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { HubError } from "./hub-error.ts";

/** How often a connection with calls on it is asked whether it still stands, and how long it may take to say so. */
const pings = { pingIntervalMs: 20_000, pingTimeoutMs: 10_000 };

/** What TLS needs beside the authorities of the system: ca, cert, key. */
export type TlsOptions = Pick<SecureClientSessionOptions, "ca" | "cert" | "key">;

/** gRPC over one HTTP/2 connection, which opens with the first call and keeps no process alive while it is idle. */
export class GrpcChannel {
  readonly transport: Transport;
  readonly #sessions: Http2SessionManager;

  /** Throws INVALID_ARGUMENT, without quoting it, for what is no address. */
  constructor(baseUrl: string, tls: TlsOptions = {}) {
    const url = URL.parse(baseUrl);
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
      throw new HubError(
        Code.InvalidArgument,
        "baseUrl must be like http://127.0.0.1:50051 or https://gateway.example",
      );
    }
    this.#sessions = new Http2SessionManager(url.origin, pings, tls);
    this.transport = createGrpcTransport({ baseUrl: url.origin, sessionManager: this.#sessions });
  }

  /** Ends the connection, and calls that are on it. */
  close(): void {
    this.#sessions.abort();
  }
}
