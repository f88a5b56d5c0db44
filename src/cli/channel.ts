import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Environment } from "../config/substitution.ts";
import { CommandError } from "./command.ts";

/** Options of every command that calls a gateway. */
export const channelOptions = {
  address: { type: "string", value: "URL", about: "address of the gateway", default: "http://127.0.0.1:50051" },
  key: { type: "string", value: "KEY", about: "API key; better in LLMHUB_API_KEY, where others cannot list it" },
} as const;

/** A connection to a running gateway. */
export interface Channel {
  readonly address: string;
  client<Service extends DescService>(service: Service): Client<Service>;
  /** Ends the connection and whatever runs on it. */
  close(): void;
}

/** Prepares a gRPC connection; it opens with the first call. */
export function openChannel(
  { address, key }: { readonly address: string; readonly key: string | undefined },
  env: Environment,
): Channel {
  const baseUrl = urlOf(address);
  const token = key ?? env["LLMHUB_API_KEY"];
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    interceptors: [
      (next) => (request) => {
        if (token) request.header.set("authorization", `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  return {
    address: baseUrl,
    client: (service) => createClient(service, transport),
    close: () => sessionManager.abort(),
  };
}

function urlOf(address: string): string {
  const url = URL.parse(address.includes("://") ? address : `http://${address}`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return url.origin;
  throw new CommandError("usage", "--address must be a URL such as http://127.0.0.1:50051 or https://gateway.example");
}
