import type { SecureClientSessionOptions } from "node:http2";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../../gen/llmhub/v1/embedding_service_pb.ts";

/** One connection to the gateway, and what is called over it. Nothing is repeated unless `retrying` does. */
export class Hub implements Disposable {
  readonly transport: Transport;
  readonly completions: Client<typeof CompletionService>;
  readonly embeddings: Client<typeof EmbeddingService>;
  readonly #sessions: Http2SessionManager;

  /**
   * @param baseUrl "http://…" or "https://…".
   * @param requestId name that the gateway's log line of each call has.
   * @param tls `ca`, where the gateway's authority is none of those that Node knows.
   */
  constructor(baseUrl: string, key: string, requestId: string, tls: SecureClientSessionOptions = {}) {
    this.#sessions = new Http2SessionManager(baseUrl, { pingIntervalMs: 30_000, pingTimeoutMs: 10_000 }, tls);
    const identify: Interceptor = (next) => (request) => {
      request.header.set("authorization", `Bearer ${key}`);
      request.header.set("x-request-id", requestId);
      return next(request);
    };
    this.transport = createGrpcTransport({ baseUrl, sessionManager: this.#sessions, interceptors: [identify] });
    this.completions = createClient(CompletionService, this.transport);
    this.embeddings = createClient(EmbeddingService, this.transport);
  }

  [Symbol.dispose](): void {
    this.#sessions.abort();
  }
}
