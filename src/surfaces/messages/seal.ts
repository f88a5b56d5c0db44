import { family } from "../../protocols/messages/wire.ts";
import { opened, type Sealed } from "../seal.ts";

/** What `seal` wrote; anything else is a signature of Anthropic's own making. */
export function unseal(text: string): Sealed {
  return opened(text) ?? { signature: { $typeName: "llmhub.v1.PartSignature", provider: family, value: text } };
}
