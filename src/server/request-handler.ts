import type { connectNodeAdapter } from "@connectrpc/connect-node";

/** Serves one request of HTTP/1.1 or HTTP/2. */
export type RequestHandler = ReturnType<typeof connectNodeAdapter>;
/** A request of either version. */
export type AnyRequest = Parameters<RequestHandler>[0];
/** The response to `AnyRequest`. */
export type AnyResponse = Parameters<RequestHandler>[1];
