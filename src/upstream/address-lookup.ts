import { Resolver } from "node:dns/promises";

/** All IP addresses of a host name: none where there are none, or none in time. Settles at once when the signal aborts. */
export type AddressLookup = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** How names are looked up. */
export interface LookupOptions {
  /** For both families together. */
  readonly timeoutMs: number;
  /** Name servers as "address:port", instead of the system's. */
  readonly servers?: readonly string[];
}

/**
 * Asks the name servers for addresses of both families. Unlike the system's resolver it reads no hosts file and appends no
 * search domain, so that only full names are found; and a name that hangs holds up nobody else, where the system's resolver
 * has four threads for the whole process.
 */
export function addressLookup({ timeoutMs, servers }: LookupOptions): AddressLookup {
  return async (host, signal) => {
    const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 });
    if (servers !== undefined) resolver.setServers(servers);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    if (limit.aborted) return [];
    const cancel = (): void => resolver.cancel();
    limit.addEventListener("abort", cancel, { once: true });
    try {
      const families = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      return families.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    } finally {
      limit.removeEventListener("abort", cancel);
    }
  };
}
