/** The client of the hub, "llm-connector-hub/client", in Node. */

import type { Transport } from "@connectrpc/connect";
import type { ClientOptions } from "./client/call-options.ts";
import { GrpcChannel, type TlsOptions } from "./client/grpc-transport.ts";
import { HubClient } from "./client/hub-client.ts";

export * from "./client-web.ts";
export type { TlsOptions };

/** Where the hub is, and how it is called. */
export interface HubOptions extends ClientOptions {
  /** Default http://127.0.0.1:50051. gRPC over HTTP/2. */
  readonly baseUrl?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Any transport of Connect, in place of baseUrl and tls: Connect's own protocol, gRPC-Web. */
  readonly transport?: Transport | undefined;
}

/** A client of the hub; its connection opens with the first call. */
export function connectHub({ baseUrl, tls, transport, ...options }: HubOptions = {}): HubClient {
  if (transport !== undefined) return new HubClient(transport, options);
  const channel = new GrpcChannel(baseUrl ?? "http://127.0.0.1:50051", tls);
  return new HubClient(channel.transport, options, () => channel.close());
}
