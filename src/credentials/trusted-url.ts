/** Metadata servers by name, and by the IPv6 addresses that AWS gives them. */
const metadataHosts: readonly string[] = ["metadata.google.internal", "[fd00:ec2::254]", "[fd00:ec2::23]"];

/**
 * An address that a credential may be sent to: https anywhere, http only to this machine and to metadata servers, which
 * are on a link-local address of the machine's host. Undefined for any other. The parser has brought every spelling of
 * an IPv4 address into the dotted form.
 */
export function trustedUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  if (url.protocol === "https:") return url;
  return url.protocol === "http:" && isNear(url.hostname) ? url : undefined;
}

function isNear(host: string): boolean {
  if (/^(127\.\d+|169\.254)\.\d+\.\d+$/.test(host)) return true;
  return host === "localhost" || host === "[::1]" || metadataHosts.includes(host);
}

/** What to say of an address that is not trusted. */
export const trustedUrlRule = "an https address, or http on this machine or a metadata server";
