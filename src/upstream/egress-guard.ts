import { isIP, type LookupFunction } from "node:net";
import { GatewayError } from "../model/error.ts";
import { isPrivateHost } from "../model/private-address.ts";
import { type AddressLookup, addressLookup } from "./address-lookup.ts";

/** How the guard tells where an address leads. */
export interface EgressGuardOptions {
  /** Default: the name servers of the system, for at most 5 s. */
  readonly lookup?: AddressLookup | undefined;
  /** Whether a host, as URL writes it, or an IP address is inside somebody's own network. Default: `isPrivateHost`. */
  readonly isPrivate?: ((host: string) => boolean) | undefined;
}

/** Lookups take no longer than this. */
const lookupMs = 5_000;
/** Ports below this are given to services by name; of those only HTTPS's own is used. */
const portMin = 1024;

/**
 * Decides whether the gateway itself may connect to an address that a caller named: over https only, on port 443 or one
 * above the well-known ports (behind those that speak TLS stand mail and directories), without a user name in the address,
 * and to hosts all of whose addresses are public.
 */
export class EgressGuard {
  readonly #lookup: AddressLookup;
  readonly #isPrivate: (host: string) => boolean;

  constructor({ lookup = addressLookup({ timeoutMs: lookupMs }), isPrivate = isPrivateHost }: EgressGuardOptions) {
    this.#lookup = lookup;
    this.#isPrivate = isPrivate;
  }

  /**
   * The addresses to connect to, and no others: the name may resolve differently a moment later. Throws INVALID_REQUEST
   * with the cause "scheme", "port", "credentials", "private_address" or "dns".
   */
  async admit(url: URL, signal: AbortSignal): Promise<readonly string[]> {
    const refusal = this.#refusalOf(url);
    if (refusal !== undefined) throw unreachable(url, ...refusal);
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const addresses = isIP(host) === 0 ? await this.#lookup(host, signal) : [host];
    signal.throwIfAborted();
    if (addresses.length === 0) throw unreachable(url, "dns", "no address of it was found");
    if (addresses.some(this.#isPrivate)) throw unreachable(url, "private_address", "it leads to a private address");
    return addresses;
  }

  #refusalOf({ protocol, port, username, password, hostname }: URL): [cause: string, why: string] | undefined {
    if (protocol !== "https:") return ["scheme", "only https: is used"];
    if (port !== "" && Number(port) < portMin) return ["port", `of ports below ${portMin} only 443 is used`];
    if (username !== "" || password !== "") return ["credentials", "an address must not carry a user name or password"];
    if (this.#isPrivate(hostname)) return ["private_address", "it leads to a private address"];
    return undefined;
  }
}

/** The refusal of a URL, of which only the host is named: the rest may be secret. */
export function unreachable(
  { host }: URL,
  cause: string,
  why: string,
  facts: { readonly metadata?: Readonly<Record<string, string>>; readonly cause?: unknown } = {},
): GatewayError {
  return new GatewayError("INVALID_REQUEST", `nothing can be fetched from ${host}: ${why}`, {
    metadata: { cause, host, ...facts.metadata },
    cause: facts.cause,
  });
}

/** A lookup that knows these addresses and asks nobody. */
export function pinned(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, callback) => {
    const [first] = known;
    if (all) callback(null, known);
    else callback(null, first?.address ?? "", first?.family);
  };
}
