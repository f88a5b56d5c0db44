import type { MediaPart } from "../../gen/llmhub/v1/content_pb.ts";
import { isPrivateHost } from "../model/private-address.ts";
import type { Rendering } from "./rendering.ts";

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

/** Throws INVALID_REQUEST where media is at an address that may not go to a provider. `field` is the path of the address. */
export function demandAddress({ source }: MediaPart, field: string, rendering: Pick<Rendering, "invalid">): void {
  const wrong = source.case === "uri" ? checkMediaUri(source.value) : undefined;
  if (wrong !== undefined) throw rendering.invalid(field, wrong);
}
