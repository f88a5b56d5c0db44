/** Names of this machine for itself. */
const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether a web page of an origin may call a gateway that asks for no key. Pages of this machine may, and those that the
 * operator names; another could have led its own name here (DNS rebinding), and would spend the operator's money.
 */
export function pageOrigins(named: readonly string[]): (origin: string) => boolean {
  const origins = new Set(named.map((origin) => URL.parse(origin)?.origin ?? origin));
  return (origin) => {
    if (origins.has("*") || origins.has(origin)) return true;
    const url = URL.parse(origin);
    return url !== null && loopback.test(url.hostname);
  };
}
