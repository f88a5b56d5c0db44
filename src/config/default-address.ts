/** Where the gateway listens when nothing says otherwise; httpListen only without a file. */
export const defaultAddresses = {
  listen: "127.0.0.1:50051",
  opsListen: "127.0.0.1:9464",
  httpListen: "127.0.0.1:4000",
} as const;

/** The same on another host, such as 0.0.0.0 or ::; in a container nobody reaches 127.0.0.1. */
export function defaultAddress(field: keyof typeof defaultAddresses, host = ""): string {
  const address = defaultAddresses[field];
  const shown = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return host === "" ? address : `${shown}${address.slice(address.lastIndexOf(":"))}`;
}
