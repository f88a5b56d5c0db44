import { BlockList, isIP } from "node:net";
import type { Manifest } from "./manifest.ts";

type Rule = Manifest["spec"]["egress"][number];

/** Whether a NetworkPolicy lets its pods reach an address outside of the cluster at a TCP port. */
export function letsOut(policy: Manifest, address: string, port: number): boolean {
  return policy["spec"].egress.some(
    ({ ports, to }: Rule) =>
      (ports === undefined || ports.some((each: Rule) => each.protocol === "TCP" && each.port === port)) &&
      (to === undefined || to.some(({ ipBlock }: Rule) => ipBlock !== undefined && holds(ipBlock, address))),
  );
}

function holds({ cidr, except = [] }: { cidr: string; except?: readonly string[] }, address: string): boolean {
  return isIn(cidr, address) && !except.some((network) => isIn(network, address));
}

function isIn(cidr: string, address: string): boolean {
  const [network = "", length] = cidr.split("/");
  if (isIP(network) !== isIP(address)) return false;
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(network, Number(length), family);
  return list.check(address, family);
}

/** Networks of `except` that Kubernetes would refuse, because they do not lie wholly within their network. */
export function strayExceptions(policy: Manifest): readonly string[] {
  const blocks = policy["spec"].egress.flatMap(({ to = [] }: Rule) => to.flatMap(({ ipBlock }: Rule) => ipBlock ?? []));
  return blocks.flatMap(({ cidr, except = [] }: { cidr: string; except?: readonly string[] }) =>
    except.filter((network) => {
      const [address = "", length] = network.split("/");
      return !isIn(cidr, address) || Number(length) <= Number(cidr.split("/")[1]);
    }),
  );
}
