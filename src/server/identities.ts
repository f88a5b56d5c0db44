import { type Claim, claimOf, lacking } from "./client-cert.ts";
import { forwardedNames } from "./forwarded-cert.ts";
import type { Networks } from "./networks.ts";
import type { Connection } from "./peer-address.ts";

/** What identities are taken from. */
export interface IdentitySources {
  /** Peers whose x-forwarded-client-cert counts. Undefined: nobody's does. */
  readonly proxies: Networks | undefined;
  /** The wall clock: certificates expire at a date. */
  readonly nowMs: () => number;
}

/** Where a call without a key comes from. */
export interface Origin {
  /** Undefined: it is gone, or not known. */
  readonly connection: Connection | undefined;
  /** Of the other end of the connection. */
  readonly peerAddress: () => string;
}

/** What a connection tells of itself, once for all its calls. */
interface Peer {
  readonly isProxy: boolean;
  readonly claim: Claim;
}

const nobody: Peer = { isProxy: false, claim: lacking("") };

/** Who calls, as client certificates show it: of the connection, or of the one behind a proxy that is believed. */
export class Identities {
  readonly #sources: IdentitySources;
  readonly #peers = new WeakMap<object, Peer>();

  constructor(sources: IdentitySources) {
    this.#sources = sources;
  }

  /**
   * Who is behind a call. A proxy speaks for others only: its own certificate never stands for a caller.
   * @param forwarded the header x-forwarded-client-cert as it came.
   */
  of(forwarded: string | readonly string[] | undefined, origin: Origin): Claim {
    const { isProxy, claim } = this.#peerOf(origin);
    if (!isProxy) {
      // Also of a connection that is open, or whose session is resumed and brings the certificate of its first.
      if (claim.endMs !== undefined && claim.endMs < this.#sources.nowMs()) return expired;
      const isIgnored = forwarded !== undefined && claim.names.length === 0 && claim.lack === "";
      return isIgnored ? ignored : claim;
    }
    if (forwarded === undefined) return silent;
    const names = forwardedNames(typeof forwarded === "string" ? forwarded : forwarded.join(","));
    if (names === undefined) return unreadable;
    return names.length > 0 ? { names, lack: "" } : nameless;
  }

  #peerOf({ connection, peerAddress }: Origin): Peer {
    if (connection === undefined) return nobody;
    let peer = this.#peers.get(connection);
    if (peer === undefined) {
      const isProxy = this.#sources.proxies?.has(peerAddress()) === true;
      peer = { isProxy, claim: isProxy ? lacking("") : claimOf(connection) };
      this.#peers.set(connection, peer);
    }
    return peer;
  }
}

const expired = lacking("the client certificate has expired");
const ignored = lacking("x-forwarded-client-cert counts only where server.identityProxies names its sender");
const silent = lacking("the proxy in server.identityProxies sends no x-forwarded-client-cert");
const unreadable = lacking("x-forwarded-client-cert of the proxy is not of the form that Envoy documents");
const nameless = lacking("x-forwarded-client-cert of the proxy has neither URI nor DNS");
