import { isPrivateHost } from "../model/private-address.ts";

/**
 * Why an address of media is refused, or undefined where it may go to a provider. Names are not resolved: whoever fetches
 * the address must still look at what it resolves to.
 */
export function checkMediaUri(uri: string): string | undefined {
  if (/^data:/i.test(uri)) return undefined;
  if (!/^https:/i.test(uri)) return "must be an https: or data: URI";
  if (!URL.canParse(uri)) return "is not a valid URI";
  return isPrivateHost(new URL(uri).hostname) ? "must not lead to a private address" : undefined;
}
