import { BlockList, isIP } from "node:net";

/** Networks that are nobody's on the public internet (RFC 6890): an address in them is one of somebody's own machines. */
const privateNetworks: readonly (readonly [network: string, prefix: number, type: "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 96, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 9, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

const privateAddresses = blockListOf(privateNetworks);

/** Names that resolve inside a network or a machine only. */
const privateName = /(^|\.)(localhost|local|internal|home\.arpa)$/;

/**
 * Why an address of media is refused, or undefined where it may go to a provider. Names are not resolved: whoever fetches
 * the address must still look at what it resolves to.
 */
export function checkMediaUri(uri: string): string | undefined {
  if (/^data:/i.test(uri)) return undefined;
  if (!/^https:/i.test(uri)) return "must be an https: or data: URI";
  if (!URL.canParse(uri)) return "is not a valid URI";
  const host = new URL(uri).hostname.replace(/\.$/, "");
  return isPrivate(host) ? "must not lead to a private address" : undefined;
}

/** `host` is as URL writes it: lower case, IPv4 in four decimal numbers, IPv6 in brackets. */
function isPrivate(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(address);
  if (version === 0) return privateName.test(host) || !host.includes(".");
  return privateAddresses.check(address, version === 6 ? "ipv6" : "ipv4");
}

function blockListOf(networks: typeof privateNetworks): BlockList {
  const list = new BlockList();
  for (const [network, prefix, type] of networks) list.addSubnet(network, prefix, type);
  return list;
}
