import type { LookupAddress } from "node:dns";
import { lookup as askSystem } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIP, type LookupFunction } from "node:net";
import { isPrivateHost } from "../model/private-address.ts";
import { addressLookup } from "./address-lookup.ts";

/** How the name of a provider is looked up. */
export interface HostLookupOptions {
  /** For all that is asked. */
  readonly timeoutMs: number;
  /** Name servers as "address:port", instead of the system's. */
  readonly servers?: readonly string[];
  /** Whether an address is inside somebody's own network. Default: `isPrivateHost`. */
  readonly isPrivate?: (address: string) => boolean;
  /** What it names is asked of the system. Default: /etc/hosts. */
  readonly hostsFile?: string;
}

/**
 * Looks up the name of one provider, once for all connections that are opened at the same time. The name servers are asked
 * first: the system's resolver has four threads for the whole process, which names that hang would take from all others. It
 * is asked for what the name servers do not know: names of the hosts file, and names without a domain. A name that led to
 * public addresses only is not followed into a private network, where somebody else may listen for the credential.
 */
export class HostLookup {
  readonly #host: string;
  readonly #hostsFile: string;
  readonly #timeoutMs: number;
  readonly #ask: ReturnType<typeof addressLookup>;
  readonly #isPrivate: (address: string) => boolean;
  #running: Promise<readonly string[]> | undefined;
  /** One at a time, also after nobody waits for it any more: it has a thread. */
  #system: Promise<readonly LookupAddress[]> | undefined;
  #wasPublic = false;

  constructor(host: string, options: HostLookupOptions) {
    const { timeoutMs, servers, isPrivate = isPrivateHost, hostsFile = "/etc/hosts" } = options;
    this.#host = host;
    this.#hostsFile = hostsFile;
    this.#timeoutMs = timeoutMs;
    this.#ask = addressLookup({ timeoutMs, ...(servers && { servers }) });
    this.#isPrivate = isPrivate;
  }

  /** For connections to that host, and no other. */
  readonly lookup: LookupFunction = (_host, { all }, callback) => {
    this.#running ??= this.#find().finally(() => {
      this.#running = undefined;
    });
    this.#running.then(
      (addresses) => {
        const found: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
        if (all) callback(null, found);
        else callback(null, found[0]?.address ?? "", found[0]?.family);
      },
      (error) => callback(error, all ? [] : ""),
    );
  };

  async #find(): Promise<readonly string[]> {
    const limit = AbortSignal.timeout(Math.ceil(this.#timeoutMs));
    const isForServers = this.#host.includes(".") && !(await isListed(this.#host, this.#hostsFile));
    const told = isForServers ? await this.#ask(this.#host, limit) : [];
    if (limit.aborted && told.length === 0) throw lookupFault("EAI_AGAIN", this.#host);
    const addresses = told.length > 0 ? told : await this.#askSystem(limit);
    const isPublic = !addresses.some(this.#isPrivate);
    if (this.#wasPublic && !isPublic) throw lookupFault("PRIVATE_ADDRESS", this.#host);
    this.#wasPublic = isPublic;
    return addresses;
  }

  async #askSystem(limit: AbortSignal): Promise<readonly string[]> {
    const late = Promise.withResolvers<never>();
    const leave = (): void => late.reject(lookupFault("EAI_AGAIN", this.#host));
    limit.addEventListener("abort", leave, { once: true });
    this.#system ??= askSystem(this.#host, { all: true }).finally(() => {
      this.#system = undefined;
    });
    try {
      const found = await Promise.race([this.#system, late.promise]);
      return found.map(({ address }) => address);
    } finally {
      limit.removeEventListener("abort", leave);
    }
  }
}

/** Whether the hosts file says something of a name: that goes before what name servers say. */
async function isListed(host: string, hostsFile: string): Promise<boolean> {
  const text = await readFile(hostsFile, "utf8").catch(() => "");
  return text.split("\n").some((line) => (line.split("#")[0] ?? "").split(/\s+/).includes(host));
}

/** With a code, as the system's resolver fails. */
function lookupFault(code: "EAI_AGAIN" | "PRIVATE_ADDRESS", host: string): Error {
  return Object.assign(new Error(`${host} has no address that can be used`), { code });
}
