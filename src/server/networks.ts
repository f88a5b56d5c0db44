import { BlockList, isIP } from "node:net";

/** Addresses that belong together. */
export class Networks {
  readonly #list = new BlockList();

  /** @param networks addresses, or networks such as "10.0.0.0/8"; each is valid. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = "", length] = network.split("/");
      const family = familyOf(address);
      if (length === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(length), family);
    }
  }

  /** False for anything that is no address; an IPv4 address may be written as IPv6. */
  has(address: string): boolean {
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address));
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
