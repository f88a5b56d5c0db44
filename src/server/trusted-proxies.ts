import { isIP } from "node:net";
import { Networks } from "./networks.ts";

/** Addresses that are looked at, from the last on; behind more proxies than that the nearest known one stands for the caller. */
const hopsMax = 16;
/** Characters of the header that are looked at, from the end: it comes from anybody. */
const charsMax = 1024;

/** The proxies whose word about where a call comes from is taken. */
export class TrustedProxies {
  readonly #networks: Networks;

  /** @param networks as in Networks. */
  constructor(networks: readonly string[]) {
    this.#networks = new Networks(networks);
  }

  /**
   * Address of the caller: of whoever holds the connection, or, if that is a proxy, the last one in x-forwarded-for that
   * is none. What stands before it the caller may have made up.
   */
  callerOf(forwardedFor: string | readonly string[], peerAddress: string): string {
    const header = typeof forwardedFor === "string" ? forwardedFor : forwardedFor.join(",");
    const hops = header.slice(-charsMax).split(",");
    // Half an address may look like another.
    if (header.length > charsMax) hops.shift();
    let caller = peerAddress;
    for (let i = 1; i <= hopsMax && this.#networks.has(caller); i++) {
      const hop = addressIn(hops.at(-i) ?? "");
      if (hop === undefined) break;
      caller = hop;
    }
    return caller;
  }
}

/** "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711"; undefined for anything that is no address. */
function addressIn(hop: string): string | undefined {
  const text = hop.trim();
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : bare;
}
