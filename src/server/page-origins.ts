/** Names of this machine for itself. */
const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether an origin is among those named, "*" being any. They are compared as browsers write them: in small letters, without
 * a port that goes without saying.
 */
export function namedOrigins(named: readonly string[]): (origin: string) => boolean {
  const origins = new Set(named.map((origin) => URL.parse(origin)?.origin ?? origin));
  return origins.has("*") ? () => true : (origin) => origins.has(origin);
}

/**
 * Whether a web page of an origin may call a gateway that asks for no key. Pages of this machine may, and those that the
 * operator names; another could have led its own name here (DNS rebinding), and would spend the operator's money.
 */
export function pageOrigins(named: readonly string[]): (origin: string) => boolean {
  const isNamed = namedOrigins(named);
  return (origin) => isNamed(origin) || loopback.test(URL.parse(origin)?.hostname ?? "");
}
