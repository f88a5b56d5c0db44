import { createRouterTransport, type Interceptor, type Transport } from "@connectrpc/connect";
import { type ConnectOptions, guards } from "./connect.ts";

/** The services for callers in this process: as over a network, but for the network. */
export function inProcessTransport(options: ConnectOptions): Transport {
  return createRouterTransport(options.routes, {
    router: guards(options),
    transport: { interceptors: [ownDeadline] },
  });
}

/** No deadline but ours shall be in force: what the caller says of it goes under a name that the framework does not read. */
const ownDeadline: Interceptor = (next) => (request) => {
  const timeoutMs = request.header.get("connect-timeout-ms");
  if (timeoutMs !== null) {
    request.header.delete("connect-timeout-ms");
    request.header.set("x-llmhub-timeout-ms", timeoutMs);
  }
  return next(request);
};
