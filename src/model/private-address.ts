import { BlockList, isIP } from "node:net";

/**
 * IPv4 networks that are nobody's on the public internet (RFC 6890 and its registry): an address in them is one of
 * somebody's own machines, or no machine at all.
 */
const privateNetworks: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  // A service of Azure's to the machine itself, at a public address.
  ["168.63.129.16", 32],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** The same for IPv6, of which only 2000::/3 is public, and not all of that. */
const privateNetworks6: readonly (readonly [network: string, prefix: number])[] = [
  ["::", 96],
  ["::ffff:0:0:0", 96],
  ["64:ff9b:1::", 48],
  ["100::", 8],
  ["200::", 7],
  ["400::", 6],
  ["800::", 5],
  ["1000::", 4],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["4000::", 2],
  ["8000::", 1],
];

/** What a translator (NAT64) puts before an IPv4 address. Those mapped into IPv6, ::ffff:0:0/96, BlockList knows itself. */
const translated = { prefix: "64:ff9b::", bits: 96 };

/** Names that resolve inside a network or a machine only. */
const privateName = /(^|\.)(localhost|local|internal|home\.arpa)$/;

const privateAddresses = blockList();

/**
 * Whether a host is inside somebody's own network as far as it can be told without resolving it. `host` is an IP address,
 * or as URL writes it: lower case, IPv4 in four decimal numbers, IPv6 in brackets.
 */
export function isPrivateHost(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(address);
  const name = host.replace(/\.$/, "");
  if (version === 0) return privateName.test(name) || !name.includes(".");
  // A zone names an interface of this machine.
  return address.includes("%") || privateAddresses.check(address, version === 6 ? "ipv6" : "ipv4");
}

function blockList(): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of privateNetworks6) list.addSubnet(network, prefix, "ipv6");
  for (const [network, prefix] of privateNetworks) {
    list.addSubnet(network, prefix, "ipv4");
    list.addSubnet(translated.prefix + network, translated.bits + prefix, "ipv6");
  }
  return list;
}
